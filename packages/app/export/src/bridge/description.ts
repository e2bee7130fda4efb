// bridge.json: all that a sampler needs in addition to the models. docs/export.md is its reference.
import {
  type Direction,
  flowMargin,
  gammaSchedule,
  langevin,
  type Network,
  noiseShareOf,
  type StepVariance,
} from "@dsbm/bridge";
import { type CompleteTrainConfig, ConfigError, langevinNumbers } from "@dsbm/config";
import type { ColumnCondition, ColumnTransform } from "@dsbm/data";
import {
  readProjection,
  type Trained,
  timeLabel,
  timeScale,
  timeValues,
  usualDirection,
} from "@dsbm/inference";
import { type MetricRow, readQuality, type Verdict, verdictTitle, version } from "@dsbm/runs";
import { type Tensor, tidy } from "@dsbm/torch";
import { isApart, weightsName } from "../onnx/model.js";
import { type DataSummary, dataSummary } from "./data.js";
import { type ExportedGraph, type Kind, kindOf, stateShape } from "./models.js";

export interface BridgeDescription {
  format: 2;
  dsbm: string;
  method: string;
  kind: Kind;
  state: { shape: readonly number[]; type: "vectors" | "pictures" | "fields" };
  /** Whether the last number of a state is the log mass of its sample. */
  mass: boolean;
  /** The times of the datasets, in process time and as the user wrote them; null: 0 and 1 alone. */
  times: CourseTimes | null;
  directions: Partial<Record<Direction, ModelPlace>>;
  default_direction: Direction;
  inputs: string[];
  output: string;
  end_output: string | null;
  process: { type: string; sigma: number; alpha?: number };
  schedule: Schedule;
  noise: { generator: "philox4x32-10"; same_samples: boolean };
  /**
   * Names of the models that convert between the data's own units and the state; null if both have
   * the same units.
   */
  encode: string | null;
  decode: string | null;
  transform: ColumnTransform | null;
  projection: ProjectionNumbers | null;
  columns: readonly string[] | null;
  conditions: {
    cond: { shape: number[]; column: ColumnCondition | null } | null;
    y: { classes: number } | null;
  } | null;
  quality: MetricRow[] | null;
  verdicts: (Verdict & { title: string })[];
  data: DataSummary;
  license: string | null;
  /** SHA-256 of each model and of its weights. */
  files?: Readonly<Record<string, string>>;
}

interface CourseTimes {
  process: readonly number[];
  labels: readonly string[];
  /** A user's time is from + length · process time; null: no numbers. */
  scale: { from: number; length: number } | null;
}

interface ModelPlace {
  model: string;
  weights?: string;
  direction_input: number | null;
  half_iteration: number;
  samples?: number;
}

interface Schedule {
  times: readonly number[];
  steps: readonly number[];
  resample: boolean;
  step_variance: StepVariance;
  noise_share?: Partial<Record<Direction, number[]>>;
  last_noise: boolean;
  eps: number;
  scales?: readonly number[];
  deviations?: readonly number[];
  mean_match?: boolean;
}

interface ProjectionNumbers {
  shape: number[];
  components: number;
  scale: number;
  mean: string;
  basis: string;
}

interface Facts {
  graphs: ReadonlyMap<string, ExportedGraph>;
  classes: number;
  networks: Record<Direction, Network | null>;
  license: string | null;
  limit: number | undefined;
}

export function describeBridge(
  trained: Trained,
  { graphs, classes, networks, license, limit }: Facts,
): BridgeDescription {
  const { config, shape, method, process, columns, folder, models } = trained;
  const kind = kindOf(trained);
  const [some] = graphs.values() as Iterable<ExportedGraph>;
  const { inputs, outputs } = (some as ExportedGraph).graph;
  const places = [...graphs].flatMap(([model, { graph, directions, samples }]) =>
    Object.entries(directions).map(([way, direction_input]) => {
      const { half_iteration = 0 } = models[way as Direction] ?? {};
      const place: ModelPlace = {
        model,
        direction_input,
        half_iteration,
        ...(isApart(graph, limit) && { weights: weightsName(model) }),
        ...(samples[way as Direction] && { samples: samples[way as Direction] }),
      };
      return [way, place] as const;
    }),
  );
  const directions: BridgeDescription["directions"] = Object.fromEntries(places);
  const usual = usualDirection(trained);
  const quality = readQuality(folder);
  const data = dataSummary(folder, config);
  const names = { source: data.source.name, target: data.target?.name ?? "a Gaussian" };
  const transform = columns?.transform ?? null;
  const projection = projectionOf(trained);
  const hasUnits = transform !== null || projection !== null || method.mass === true;
  return {
    format: 2,
    dsbm: version,
    method: method.name,
    kind,
    state: { shape: stateShape(trained), type: typeOf(config, shape) },
    mass: method.mass === true,
    times: courseTimes(trained),
    directions,
    default_direction: usual in directions ? usual : (Object.keys(directions)[0] as Direction),
    inputs: inputs.map(({ name }) => name),
    output: kind,
    end_output: outputs.find(({ name }) => name === "end")?.name ?? null,
    process: {
      type: process.name,
      sigma: process.sigma,
      ...(process.own && { alpha: 0.5 }),
    },
    schedule: { ...scheduleOf(trained, kind), ...sharesOf(trained, networks, directions) },
    noise: {
      generator: "philox4x32-10",
      same_samples: !method.plan,
    },
    encode: hasUnits ? "encode.onnx" : null,
    decode: hasUnits ? "decode.onnx" : null,
    transform,
    projection,
    columns: columns?.names ?? null,
    conditions: conditionsOf(trained, classes),
    quality: quality?.rows ?? null,
    verdicts: (quality?.verdicts ?? []).map((verdict) => ({
      ...verdict,
      title: verdictTitle(verdict, names),
    })),
    data,
    license,
  };
}

function courseTimes({ chain, config }: Trained): CourseTimes | null {
  const values = timeValues(config);
  const process = chain?.times ?? values.map(({ time }) => time);
  if (process.length === 0) return null;
  return {
    process,
    labels: process.map((time) => timeLabel(config, time)),
    scale: timeScale(config),
  };
}

function typeOf({ Dataset }: CompleteTrainConfig, shape: readonly number[]) {
  if (shape.length === 1) return "vectors";
  return Dataset.startsWith("downscaler") ? "fields" : "pictures";
}

function scheduleOf(trained: Trained, kind: Kind): Schedule {
  const { grid, method, stepVariance, lastNoise, config } = trained;
  const isPlan = method.plan !== undefined;
  const { times, steps } = grid;
  return {
    times,
    steps,
    resample: method.predicts !== "increment" && kind !== "mean",
    // A plan's native path has the noise of a bridge to the endpoint; increments have the noise of
    // the process.
    step_variance: isPlan ? "bridge" : method.predicts === "drift" ? stepVariance : "process",
    last_noise: isPlan ? false : lastNoise,
    eps: flowMargin(trained),
    ...(kind === "mean" && meanSchedule(config)),
  };
}

function sharesOf(
  { stepVariance }: Trained,
  networks: Facts["networks"],
  directions: BridgeDescription["directions"],
): Pick<Schedule, "noise_share"> {
  if (stepVariance !== "analytic") return {};
  const entries = (Object.keys(directions) as Direction[]).flatMap((way) => {
    const network = networks[way];
    return network ? [[way, tidy(() => noiseShareOf(network, way)?.toNumbers())]] : [];
  });
  return { noise_share: Object.fromEntries(entries) };
}

function meanSchedule(config: CompleteTrainConfig) {
  const { var_final_gamma_scale: scaleNoise, final_adaptive, var_final, mean_match } = config;
  if (scaleNoise && final_adaptive)
    throw new ConfigError(
      "usage",
      "this run scales its noise by the moments of its training images (final_adaptive with var_final_gamma_scale), which an export does not hold: it cannot be exported",
    );
  const gammas = gammaSchedule(config.num_steps, config);
  const { scale } = langevin({ gammas, ...langevinNumbers(config, gammas) });
  const deviations = gammas.map((gamma) => Math.sqrt(scaleNoise ? gamma * var_final : gamma));
  return { scales: scale, deviations, mean_match };
}

function projectionOf({ config, folder, columns }: Trained): ProjectionNumbers | null {
  if (config.data.components === null) return null;
  const projection = readProjection(folder);
  const { channels, image_size } = config.data;
  const [d, components] = projection.basis.shape as [number, number];
  const image = [channels, image_size, image_size];
  const isImage = columns === null && image.reduce((a, b) => a * b) === d;
  const base64 = (numbers: Tensor) => {
    const { buffer } = numbers.to("float32").contiguous().rawArray();
    return Buffer.from(buffer as ArrayBuffer).toString("base64");
  };
  const mean = base64(projection.mean);
  const basis = base64(projection.basis);
  projection.dispose();
  const { scale } = projection;
  return { shape: isImage ? image : [d], components, scale, mean, basis };
}

function conditionsOf(
  { conditioning, shape, columns }: Trained,
  classes: number,
): BridgeDescription["conditions"] {
  const { channels, classes: hasClasses } = conditioning;
  if (channels === 0 && !hasClasses) return null;
  const column = columns?.condition ?? null;
  return {
    cond: channels > 0 ? { shape: [channels, ...shape.slice(1)], column } : null,
    y: hasClasses ? { classes } : null,
  };
}

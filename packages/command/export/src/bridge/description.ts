import { type Direction, flowMargin, gammaSchedule, langevin, noiseShareOf } from "@dsbm/bridge";
import { type CompleteTrainConfig, langevinNumbers } from "@dsbm/config";
import { categoryBlocks } from "@dsbm/data";
import { imageSize, shortName } from "@dsbm/datasets";
import {
  type Bridge,
  readProjection,
  type Trained,
  timeLabel,
  timeScale,
  timeValues,
  usualDirection,
} from "@dsbm/inference";
import {
  endNames,
  gradeText,
  type MetricRow,
  readDataFile,
  readQuality,
  readState,
  verdictTitle,
  version,
} from "@dsbm/runs";
import { type Tensor, tidy } from "@dsbm/torch";
import type { BridgeDescription } from "@dsbm/web";
import { type ExportedGraph, type Kind, kindOf, stateShape } from "./models.js";

type SolverSchedule = BridgeDescription["schedule"];
type Directions = BridgeDescription["directions"];

interface DescriptionFacts {
  graphs: ReadonlyMap<string, ExportedGraph>;
  license: string | null;
}

/** bridge.json, without the checksums of the models. */
export function describeBridge(
  bridge: Bridge,
  { graphs, license }: DescriptionFacts,
): BridgeDescription {
  const { trained, encoding } = bridge;
  const { config, shape, method, process, columns, folder, models } = trained;
  const kind = kindOf(trained);
  const [some] = graphs.values() as Iterable<ExportedGraph>;
  const { inputs, outputs } = some.graph;
  const named = (output: string) => outputs.find(({ name }) => name === output)?.name ?? null;
  const places = [...graphs].flatMap(([model, { directions, samples }]) =>
    Object.entries(directions).map(([way, direction_input]) => {
      const { half_iteration = 0 } = models[way as Direction] ?? {};
      const held = samples[way as Direction] ?? null;
      return [way, { model, direction_input, half_iteration, samples: held }] as const;
    }),
  );
  const directions: Directions = Object.fromEntries(places);
  const usual = usualDirection(trained);
  const quality = readQuality(folder);
  const data = dataSummary(folder, config);
  const names = { source: data.source.name, target: data.target?.name ?? "a Gaussian" };
  return {
    format: formatOf(bridge),
    ...originOf(trained),
    kind,
    state: { shape: stateShape(trained), type: typeOf(config, shape) },
    mass: method.mass === true,
    times: courseTimes(trained),
    directions,
    default_direction: usual in directions ? usual : (Object.keys(directions)[0] as Direction),
    inputs: inputs.map(({ name }) => name) as BridgeDescription["inputs"][number][],
    output: kind,
    end_output: named("end"),
    jump_output: named("jump"),
    process: {
      type: process.name,
      sigma: process.sigma,
      alpha: process.own ? 0.5 : null,
    },
    schedule: { ...scheduleOf(trained, kind), noise_share: sharesOf(bridge, directions) },
    noise: {
      generator: "philox4x32-10",
      same_samples: !method.plan,
    },
    transform: columns && transformOf(columns),
    projection: projectionOf(trained),
    autoencoder: encoding && { shape: [...shape], ...autoencoderFiles },
    columns: columns?.names ?? null,
    conditions: conditionsOf(bridge),
    quality: quality?.rows.map(withJudgement) ?? null,
    verdicts: (quality?.verdicts ?? []).map((verdict) => ({
      ...verdict,
      title: verdictTitle(verdict, names),
    })),
    data,
    license,
    files: null,
  };
}

/** The oldest version of the layout whose readers take this bridge. */
function formatOf({ trained, encoding }: Bridge): BridgeDescription["format"] {
  if (kindOf(trained) === "endpoint") return 6;
  if (trained.method.takesSteps) return 5;
  if (encoding) return 4;
  return trained.columns?.transform.standardise === "robust" ? 3 : 2;
}

/** Names of the models of an autoencoder in an export. */
export const autoencoderFiles = { encoder: "encoder.onnx", decoder: "decoder.onnx" } as const;

/** The version, the method and the day on which the training ended. */
const originOf = ({ method, folder }: Trained) => ({
  dsbm: version,
  method: method.name,
  method_title: method.title ?? method.name,
  trained: readState(folder).ended?.slice(0, 10) ?? null,
});

/** A row with the text of its grade, as all pages print it. */
const withJudgement = (row: MetricRow) => ({
  ...row,
  grade: row.grade ?? null,
  judgement: row.grade ? gradeText(row.grade) : null,
});

const transformOf = (columns: NonNullable<Trained["columns"]>) => ({
  ...columns.transform,
  limits: limitsOf(columns),
  categories: categoryBlocks(columns.names, columns.categories),
});

function limitsOf({ limits }: NonNullable<Trained["columns"]>) {
  // JSON has no infinity.
  const finite = (values: readonly number[]) => values.map((x) => (Number.isFinite(x) ? x : null));
  return limits && { ...limits, min: finite(limits.min), max: finite(limits.max) };
}

function courseTimes({ chain, config }: Trained): BridgeDescription["times"] {
  const values = timeValues(config);
  const process = chain?.times ?? values.map(({ time }) => time);
  if (process.length === 0) return null;
  return {
    process,
    labels: process.map((time) => timeLabel(config, time)),
    name: config.data.split_by,
    scale: timeScale(config),
  };
}

function typeOf({ Dataset }: CompleteTrainConfig, shape: readonly number[]) {
  if (shape.length === 1) return "vectors";
  return Dataset.startsWith("downscaler") ? "fields" : "pictures";
}

function scheduleOf(trained: Trained, kind: Kind): Omit<SolverSchedule, "noise_share"> {
  const { grid, method, stepVariance, lastNoise, config } = trained;
  const isPlan = method.plan !== undefined;
  const hasBridges = isPlan || kind === "endpoint";
  const { times, steps } = grid;
  return {
    times,
    steps,
    resample: method.predicts !== "increment" && !method.sampler,
    // A plan's native path and draws of the endpoint have the noise of a bridge to it; increments have the noise of
    // the process.
    step_variance: hasBridges ? "bridge" : method.predicts === "drift" ? stepVariance : "process",
    last_noise: hasBridges ? false : lastNoise,
    eps: flowMargin(trained),
    ...(kind === "mean" ? meanSchedule(config) : noMeans),
  };
}

function sharesOf(
  { trained, networks }: Bridge,
  directions: Directions,
): SolverSchedule["noise_share"] {
  if (trained.stepVariance !== "analytic") return null;
  const entries = (Object.keys(directions) as Direction[]).flatMap((way) => {
    const network = networks[way];
    return network ? [[way, tidy(() => noiseShareOf(network, way)?.toNumbers())]] : [];
  });
  return Object.fromEntries(entries);
}

const noMeans = { scales: null, deviations: null, mean_match: null };

function meanSchedule(config: CompleteTrainConfig) {
  const { var_final_gamma_scale: scaleNoise, var_final, mean_match } = config;
  const gammas = gammaSchedule(config.num_steps, config);
  const { scale } = langevin({ gammas, ...langevinNumbers(config, gammas) });
  const deviations = gammas.map((gamma) => Math.sqrt(scaleNoise ? gamma * var_final : gamma));
  return { scales: scale, deviations, mean_match };
}

function projectionOf({ config, folder, columns }: Trained): BridgeDescription["projection"] {
  if (config.data.components === null) return null;
  const projection = readProjection(folder);
  const [d] = projection.basis.shape;
  const image = [config.data.channels, ...imageSize(config.data)];
  const isImage = columns === null && image.reduce((a, b) => a * b) === d;
  const base64 = (numbers: Tensor) => {
    const { buffer } = numbers.to("float32").contiguous().rawArray();
    return Buffer.from(buffer as ArrayBuffer).toString("base64");
  };
  const mean = base64(projection.mean);
  const basis = base64(projection.basis);
  projection.dispose();
  const { scale } = projection;
  return { shape: isImage ? image : [d], scale, mean, basis };
}

function conditionsOf({ trained, classes }: Bridge): BridgeDescription["conditions"] {
  const { conditioning, shape, columns } = trained;
  const { channels, classes: hasClasses } = conditioning;
  if (channels === 0 && !hasClasses) return null;
  const column = columns?.condition ?? null;
  return {
    cond: channels > 0 ? { shape: [channels, ...shape.slice(1)], column } : null,
    y: hasClasses ? { classes } : null,
  };
}

/** From data.json of a run, or from its configuration. */
function dataSummary(
  folder: string,
  { Dataset, Dataset_transfer, transfer }: CompleteTrainConfig,
): NonNullable<BridgeDescription["data"]> {
  const end = (path: string, rows: number | null, group: string | null) => {
    const name = shortName(path);
    return { name: group ? `${name} (${group})` : name, rows };
  };
  const data = readDataFile(folder);
  if (!data)
    return {
      source: end(Dataset, null, null),
      target: transfer ? end(Dataset_transfer ?? "", null, null) : null,
    };
  const { source, target, course } = data;
  const names = course && endNames(data);
  if (names && target)
    return {
      source: { name: names.source, rows: source.rows },
      target: { name: names.target, rows: target.rows },
    };
  return {
    source: end(source.path, source.rows, source.group),
    target: target && end(target.path, target.rows, target.group),
  };
}

import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { type Conditions, type Direction, methodFacts, type Network } from "@dsbm/bridge";
import { type CompleteTrainConfig, ConfigError, savedConfig } from "@dsbm/config";
import {
  type ColumnCondition,
  classLabel,
  DatasetError,
  encodeCondition,
  hullOf,
  limitsOf,
  loadTable,
  Projection,
  Units,
} from "@dsbm/data";
import {
  type Columns,
  fieldInputs,
  type GaussianMoments,
  gaussianLaw,
  imageSize,
  loadOptions,
  networkShape,
  processOnCells,
} from "@dsbm/datasets";
import { hasClasses, takesVectors } from "@dsbm/nets";
import { bridgeProcess, buildNetwork, conditionCount } from "@dsbm/problem";
import { checkFiles, findRun, type ModelFile, readDataFile, readRun } from "@dsbm/runs";
import { type Device, io, type Tensor, TorchError, tensor } from "@dsbm/torch";
import { z } from "zod";
import { type RunChannels, readChannels } from "./saved-channels.js";
import { savedFacts } from "./saved-facts.js";

type Process = ReturnType<typeof bridgeProcess>;

/** The columns of a run of tables. */
type RunColumns = Omit<Columns, "description">;

/** A run as a sampler sees it. */
export interface Trained extends Process {
  folder: string;
  config: CompleteTrainConfig;
  /** The shape of one sample: [d] or [C, H, W]. */
  shape: readonly number[];
  directions: readonly Direction[];
  /**
   * Additional inputs of its networks: channels of the condition (0: none), and whether a class.
   */
  conditioning: { channels: number; classes: boolean };
  /** The columns of a run of tables; null for other data. */
  columns: RunColumns | null;
  /** The channels of a run of NetCDF files or Zarr folders; null for other data. */
  channels: RunChannels | null;
  diffusion?: number | undefined;
  guidance?: number | undefined;
  /** The newest weights of each wanted direction; null before training. */
  models: Record<Direction, ModelFile | null>;
}

/**
 * Reads a run after a half-iteration, named as for `findRun`; `device` is the device for sampling.
 * @throws {RunError} if the folder holds no run, and a ConfigError for a run of another command or version, without
 * weights, or without this half-iteration.
 */
export function readTrained(run: string, half: number | "newest", device: Device = "cpu"): Trained {
  const folder = findRun(run);
  const { config: saved, models: all, info } = readRun(folder);
  const config = { ...savedConfig(folder, saved, info.dsbm), device };
  const process = bridgeProcess(config, momentsOf(config, device));
  const shared = process.method.networks !== "each";
  const models = chooseWeights(folder, { models: all, half, shared });
  const chosen = Object.values(models).flatMap((model) => model?.path ?? []);
  checkFiles(
    folder,
    chosen.map((path) => relative(folder, path)),
    "restore it from a copy, choose another half_iteration, or train again",
  );
  const columns = readColumns(folder, config);
  const channels = readChannels(folder, config);
  const shape = shapeOf(config, models);
  const onCells = processOnCells(process.process, channels, device);
  return trainedOf({
    ...process,
    process: onCells,
    folder,
    config,
    columns,
    channels,
    models,
    shape,
  });
}

/**
 * Null for a run of other data.
 * @throws {ConfigError} if data.json is missing or damaged.
 */
function readColumns(
  folder: string,
  { Dataset, data }: Pick<CompleteTrainConfig, "Dataset" | "data">,
): RunColumns | null {
  if (!Dataset.startsWith("table:")) return null;
  const saved = savedFacts(folder, { name: "data.json", parts: "columns", read: readDataFile });
  const { columns, categories, kept, transform, conditioning } = saved;
  const names = columns.map(({ name }) => name);
  const target = columns.flatMap((one) => one.target ?? []);
  const bounds = {
    source: columns.map(({ source }) => source),
    target: target.length > 0 ? target : null,
    all: columns.map(({ source, target, all }) => all ?? hullOf([source, target ?? source])),
    whole: columns.map(({ whole }) => whole),
  };
  return {
    names,
    named: names.some((name, k) => name !== `c${k}`),
    categories,
    kept,
    transform,
    condition: conditioning,
    bounds,
    limits: limitsOf(names, bounds, data),
    model: { path: saved.source.path, embedding: saved.source.embedding },
  };
}

/** Adds what follows from the configuration. */
export const trainedOf = (facts: Omit<Trained, "directions" | "conditioning">): Trained => ({
  ...facts,
  directions: facts.config.fb_sequence,
  conditioning: {
    channels: conditionCount(facts.config, facts),
    classes: hasClasses(facts.config.model),
  },
});

function chooseWeights(
  folder: string,
  { models, half, shared }: { models: ModelFile[]; half: number | "newest"; shared: boolean },
): Record<Direction, ModelFile | null> {
  if (models.length === 0)
    throw new ConfigError(`${folder} has no weights yet: wait for its first half-iteration`);
  if (half !== "newest" && !models.some((m) => m.half_iteration === half)) {
    const there = models.map((m) => `${m.half_iteration} (${m.direction})`).join(", ");
    throw new ConfigError(
      `half_iteration=${half}: ${folder} has weights of ${there}; choose from these, or leave it out`,
    );
  }
  const until = models.filter((m) => half === "newest" || m.half_iteration <= half);
  const newest = (d: Direction) =>
    until.findLast(({ direction }) => shared || direction === d) ?? null;
  return { b: newest("b"), f: newest("f") };
}

function shapeOf({ model, data }: CompleteTrainConfig, models: Trained["models"]): number[] {
  if (!takesVectors(model)) return [data.channels, ...imageSize(data)];
  const { path } = (models.b ?? models.f) as ModelFile;
  const { metadata } = io.safetensors.decode(readFileSync(path), path);
  const shape = z.array(z.int().positive()).safeParse(JSON.parse(metadata.shape ?? "null"));
  if (shape.success) return shape.data;
  throw new ConfigError(`${path} does not say the shape of a sample: train again`);
}

/** The usual direction: from source to target for the user's own data, else from time 1. */
export const usualDirection = ({ columns, channels, folder }: Trained): Direction =>
  columns !== null || channels !== null || existsSync(join(folder, "choices.json")) ? "f" : "b";

function loadNetwork(
  { models, config, folder, shape, method, conditioning, channels }: Trained,
  direction: Direction,
): Network | null {
  const model = models[direction];
  if (model === null) return null;
  const { tensors } = io.loadTensors(model.path);
  try {
    const classes = classesOf(tensors, config);
    const facts = {
      classes,
      shape: networkShape(shape, config.data),
      conditions: conditioning.channels,
      fields: fieldInputs(channels, config.data),
      method,
    };
    const network = buildNetwork(config, direction, facts);
    try {
      network.loadStateDict(tensors);
      return network.eval();
    } catch (error) {
      network.dispose();
      if (!(error instanceof TorchError)) throw error;
      throw new ConfigError(
        `${model.path} does not belong to ${folder}/config.json: ${error.message}`,
      );
    }
  } finally {
    for (const t of tensors.values()) t.dispose();
  }
}

/** The network of each direction, null before training. */
export type TrainedNetworks = Record<Direction, Network | null>;

/** Loads the newest weights onto the run's device; a flow has one network for both directions. */
export function loadNetworks(trained: Trained): TrainedNetworks {
  const b = loadNetwork(trained, "b");
  const isShared = trained.method.networks !== "each";
  return { b, f: isShared ? b : loadNetwork(trained, "f") };
}

/**
 * Number of classes of a network with these tensors, each in the shape of its parameter; 0 without a table of classes.
 */
export function classesOf(
  tensors: ReadonlyMap<string, Tensor>,
  { condition_dropout }: Pick<CompleteTrainConfig, "condition_dropout">,
): number {
  const name = [...tensors.keys()].find((key) => /(^|\.)label_emb\.weight$/.test(key));
  const rows = name === undefined ? 0 : (tensors.get(name)?.size(0) ?? 0);
  // One more class is for rows whose class is withheld.
  return condition_dropout > 0 ? Math.max(0, rows - 1) : rows;
}

/**
 * Reads projection.safetensors of a run; the caller disposes it.
 * @throws {ConfigError | TorchError} for damage.
 */
export function readProjection(folder: string): Projection {
  const path = join(folder, "projection.safetensors");
  if (!existsSync(path))
    throw new ConfigError(
      `${path} is not there, the principal components that the run was trained in: train it again, or give a .npy file of coordinates`,
    );
  checkFiles(folder, ["projection.safetensors"]);
  const { tensors, metadata } = io.loadTensors(path);
  const mean = tensors.get("mean");
  const basis = tensors.get("basis");
  const scale = Number(metadata.scale);
  if (!mean || !basis || !(scale > 0))
    throw new ConfigError(`${path} holds no projection: it needs mean, basis and a positive scale`);
  return new Projection(mean, basis, scale, []);
}

/** The caller disposes them. */
export function unitsOf({ columns, folder, shape, config }: Trained): Units {
  if (columns === null) {
    const names = Array.from({ length: shape[0] }, (_, k) => `x${k}`);
    return new Units({ names, named: false });
  }
  const projection = config.data.components === null ? null : readProjection(folder);
  return new Units({ ...columns, projection });
}

/**
 * Encodes values of a column, from row `first` of the file on; the caller owns them.
 * @throws {ConfigError} for a class that the run was not trained with
 */
export function encodeConditions(
  condition: ColumnCondition,
  values: Float64Array | string[] | null,
  { path, first }: { path: string; first: number },
): Conditions {
  const { name, classes } = condition;
  const numbers = Float64Array.from(values ?? [], (value: number | string, i: number) => {
    if (typeof value === "number") return value;
    const k = classes?.indexOf(classLabel(value)) ?? -1;
    if (k >= 0) return k;
    throw new ConfigError(
      `${path}: column ${name} has ${JSON.stringify(value)} in row ${first + i + 1}: expected a class that the run was trained with: ${classes?.join(", ")}`,
    );
  });
  using cells = tensor(numbers, { shape: [numbers.length, 1] });
  return { cond: encodeCondition(condition, cells) };
}

/**
 * The Gaussian at time 1.
 * @throws {ConfigError} if it needs moments of training images that are missing.
 */
export function endLaw(
  config: CompleteTrainConfig,
  shape: readonly number[],
): ReturnType<typeof gaussianLaw> {
  const data = () => loadTable(config.Dataset, loadOptions("train", "x0", config)).x;
  try {
    return gaussianLaw(config, { shape, device: "cpu", data });
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error;
    throw new ConfigError(
      `${config.final_adaptive ? "final_adaptive" : "adaptive_mean"}=true takes the Gaussian's moments from the training images (${error.message}): restore them, or give its draws as a .npy file`,
    );
  }
}

/** The moments that steps depend on, for discrete DSB with noise scaled by the data's moments. */
function momentsOf(config: CompleteTrainConfig, device: Device): GaussianMoments | null {
  const { method, var_final_gamma_scale, final_adaptive, data } = config;
  if (!methodFacts(method).discreteSteps || !var_final_gamma_scale || !final_adaptive) return null;
  const { moments } = endLaw(config, [data.channels, ...imageSize(data)]);
  if (moments === null || device === "cpu") return moments;
  return { mean: moments.mean.to({ device }).keep(), std: moments.std.to({ device }).keep() };
}

// A run's folder as something to sample with: what was trained, from its configuration, and the newest weights.
// The data that it was trained on need not be there.
import { type Direction, type Network, plainDrift } from "@dsbm/bridge";
import {
  type CompleteTrainConfig,
  ConfigError,
  type GaussianConfig,
  gaussianSchema,
  readConfig,
  type Tree,
  validate,
} from "@dsbm/config";
import { hasClasses } from "@dsbm/nets";
import { type ModelFile, readRun } from "@dsbm/runs";
import { type Device, io, type Tensor } from "@dsbm/torch";
import type { MethodOptions, Problem, Schedule } from "@dsbm/train";
import { gaussianProcess } from "../gaussian/problem.js";
import { buildNetwork } from "../problem/network.js";
import { imageProcess } from "../problem/problem.js";
import { UsageError } from "../terminal/errors.js";
import { momentsOf } from "./moments.js";

type Process = Required<
  Pick<MethodOptions, "method" | "parametrisation" | "stepVariance" | "lastNoise">
> &
  Pick<Problem, "process"> &
  Pick<Schedule, "grid"> & { eps: number };

/** What a run is to a sampler. */
export interface Trained extends Process {
  folder: string;
  source:
    | { kind: "gaussian"; config: GaussianConfig }
    | { kind: "train"; config: CompleteTrainConfig };
  /** The shape of one sample: [dim] or [C, H, W]. */
  shape: readonly number[];
  /** Directions that the run trains; flows have one network for both. */
  directions: readonly Direction[];
  /** What its networks must be told: channels of the condition (0: none), and whether a class. */
  told: { channels: number; classes: boolean };
  /** The newest weights of each direction that are asked for; null where there are none yet. */
  models: Record<Direction, ModelFile | null>;
}

/**
 * Reads a run of `dsbm gaussian` or `dsbm train` as it was after a half-iteration; `device` is where it will sample.
 * Throws a RunError for what is no run, a UsageError for one of another command, of another version, without
 * weights, or without that half-iteration.
 */
export function readTrained(
  folder: string,
  half: number | "newest",
  device: Device = "cpu",
): Trained {
  const { config, models } = readRun(folder);
  const trained = describe(folder, config, device);
  const shared = trained.method.networks === "shared";
  return { ...trained, models: choose(folder, { models, half, shared }) };
}

/** The weights of `half` or before, by direction. */
function choose(
  folder: string,
  { models, half, shared }: { models: ModelFile[]; half: number | "newest"; shared: boolean },
): Record<Direction, ModelFile | null> {
  if (models.length === 0)
    throw new UsageError(
      `${folder} has no weights yet: models/ fills after each half-iteration; let the run get there`,
    );
  if (half !== "newest" && !models.some((m) => m.half_iteration === half)) {
    const there = models.map((m) => `${m.half_iteration} (${m.direction})`).join(", ");
    throw new UsageError(
      `half_iteration=${half}: ${folder} has weights of ${there}; choose one of them, or leave it out`,
    );
  }
  const until = models.filter((m) => half === "newest" || m.half_iteration <= half);
  const newest = (d: Direction) =>
    until.findLast(({ direction }) => shared || direction === d) ?? null;
  return { b: newest("b"), f: newest("f") };
}

function describe(
  folder: string,
  config: Record<string, unknown>,
  device: Device,
): Omit<Trained, "models"> {
  if ("model_name" in config) {
    const gaussian = read(folder, "gaussian", () => validate(gaussianSchema, config as Tree));
    return {
      folder,
      source: { kind: "gaussian", config: gaussian },
      ...gaussianProcess(gaussian),
      parametrisation: plainDrift,
      stepVariance: "process",
      // Its evaluations keep the noise of the last step.
      lastNoise: true,
      shape: [gaussian.dim],
      directions: gaussian.fb_sequence,
      told: { channels: 0, classes: false },
    };
  }
  if ("Dataset" in config) {
    const train = read(folder, "train", () => readConfig(config as Tree, "train"));
    const { channels, cond_channels, image_size } = train.data;
    return {
      folder,
      source: { kind: "train", config: train },
      ...imageProcess({ ...train, device }, momentsOf(train, device)),
      shape: [channels, image_size, image_size],
      directions: ["b", "f"],
      told: { channels: train.cdsb ? cond_channels : 0, classes: hasClasses(train.model) },
    };
  }
  throw new UsageError(
    `${folder} is a run of another command: give the folder of a run of dsbm train or dsbm gaussian`,
  );
}

/** A configuration from disk; what is wrong with it is told of the folder. */
function read<C>(folder: string, command: string, task: () => C): C {
  try {
    return task();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new UsageError(
      `${folder}/config.json is not one of this version's dsbm ${command}: ${error.problems.join("; ")}`,
    );
  }
}

/** The network of a direction with its weights, in use; null where it was not trained yet. */
export function loadNetwork(
  { models, source, folder }: Trained,
  direction: Direction,
  device: string,
): Network | null {
  const model = models[direction];
  if (model === null) return null;
  const { tensors } = io.loadTensors(model.path);
  try {
    const network =
      source.kind === "gaussian"
        ? gaussianProcess({ ...source.config, device }).network(direction)
        : buildNetwork({ ...source.config, device }, direction, { classes: classesOf(tensors) });
    try {
      network.loadStateDict(tensors);
      return network.eval() as Network;
    } catch (error) {
      network.dispose();
      if (!(error instanceof Error) || error.name !== "TorchError") throw error;
      throw new UsageError(
        `${model.path} does not belong to ${folder}/config.json: ${error.message}`,
      );
    }
  } finally {
    for (const t of tensors.values()) t.dispose();
  }
}

/** The networks that there are; of a flow, one for both directions. */
export function loadNetworks(trained: Trained, device: string): Record<Direction, Network | null> {
  const b = loadNetwork(trained, "b", device);
  const shared = trained.method.networks === "shared";
  return { b, f: shared ? b : loadNetwork(trained, "f", device) };
}

/** How many classes a network was told of: the rows of its table of them, 0 without one. */
export function classesOf(tensors: ReadonlyMap<string, Tensor>): number {
  return tensors.get("label_emb.weight")?.size(0) ?? 0;
}

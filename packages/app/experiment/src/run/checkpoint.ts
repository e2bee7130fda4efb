import { basename } from "node:path";
import { type CompleteTrainConfig, ConfigError } from "@dsbm/config";
import { checkpointId, type Position, stepsOf } from "@dsbm/problem";
import { type Checkpoint, type CheckpointPoint, version } from "@dsbm/runs";
import { io, type Tensor, TorchError, zeros } from "@dsbm/torch";
import type { SavedFacts, SavedTraining, Training } from "@dsbm/train";

const directions = ["b", "f"] as const;

const moduleFiles: readonly (readonly [file: string, prefix: string])[] = directions.flatMap(
  (d) => [
    [`net_${d}.safetensors`, `network/${d}/`] as const,
    [`sample_net_${d}.safetensors`, `ema/${d}/`] as const,
    [`optimizer_${d}.safetensors`, `optimizer/${d}/`] as const,
  ],
);
const otherStateFile = "rest.safetensors";

/** @throws the driver's error if parameters are not finite. */
export function encodePoint(
  training: Training,
  at: Position,
  {
    config,
    order,
    seconds,
  }: {
    config: CompleteTrainConfig;
    /** Training steps before it. */
    order: number;
    /** Seconds of the run so far. */
    seconds: number;
  },
): CheckpointPoint {
  const { tensors, facts } = training.save();
  const files: Record<string, Uint8Array> = {};
  const left = new Map(tensors);
  for (const [file, prefix] of moduleFiles) {
    const part = partOf(tensors, prefix);
    for (const name of part.keys()) left.delete(prefix + name);
    if (part.size > 0) files[file] = io.encodeTensors(part, { dsbm: version });
  }
  if (left.size > 0) files[otherStateFile] = io.encodeTensors(left, { dsbm: version });
  return {
    id: checkpointId(at, config),
    order,
    facts: { at, training: facts, config, seconds },
    files,
  };
}

/** The entries below a prefix, without it. */
const partOf = (
  tensors: ReadonlyMap<string, Tensor>,
  prefix: string,
): ReadonlyMap<string, Tensor> =>
  new Map(
    [...tensors].flatMap(([name, t]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), t]] : [],
    ),
  );

function decodePoint({ files, facts }: Checkpoint): SavedTraining & { at: Position } {
  const tensors = new Map<string, Tensor>();
  for (const [file, prefix] of [...moduleFiles, [otherStateFile, ""] as const]) {
    const path = files[file];
    if (!path) continue;
    for (const [name, t] of io.loadTensors(path.path).tensors) tensors.set(prefix + name, t);
  }
  return { tensors, facts: facts.training as SavedFacts, at: facts.at as Position };
}

/** @throws {ConfigError} that names the checkpoint if it belongs to another network. */
export function restorePoint(training: Training, checkpoint: Checkpoint): Position {
  const { tensors, facts, at } = decodePoint(checkpoint);
  try {
    training.restore({ tensors, facts });
    return at;
  } catch (error) {
    if (!(error instanceof TorchError)) throw error;
    throw new ConfigError(`${checkpoint.folder}: ${error.message}`);
  } finally {
    for (const t of tensors.values()) t.dispose();
  }
}

function loadWeights(path: string): Map<string, Tensor> {
  return path.endsWith(".safetensors") ? io.loadTensors(path).tensors : io.loadStateDict(path);
}

/** Ours, or PyTorch's {state: {0: {…}}, param_groups: […]} with our names. */
function loadOptimizer(path: string): Map<string, Tensor> {
  if (path.endsWith(".safetensors")) return io.loadTensors(path).tensors;
  const whole = io.loadPt(path);
  const state = whole instanceof Map ? whole.get("state") : undefined;
  if (!(state instanceof Map))
    throw new ConfigError(`${path} holds no optimiser state; expected a dictionary with "state"`);
  const flat = new Map<string, Tensor>();
  for (const [index, slots] of state as Map<unknown, unknown>) {
    if (!(slots instanceof Map)) continue;
    for (const [name, value] of slots as Map<string, unknown>)
      flat.set(
        `${String(index)}.${name}`,
        typeof value === "number" ? zeros([]).fill_(value) : (value as Tensor),
      );
  }
  return flat;
}

/**
 * The reference's `checkpoint_run=true`: networks, averages and optimisers from named files; training continues at
 * checkpoint_it, checkpoint_pass and checkpoint_iter. Averages without a file start at the parameters.
 * @throws {ConfigError} that names the key and the file if the network differs.
 */
export function startFromFiles(training: Training, config: CompleteTrainConfig): Position {
  const { checkpoint_it, checkpoint_pass, checkpoint_iter } = config;
  const order = config.fb_sequence;
  if (!order.includes(checkpoint_pass))
    throw new ConfigError(
      `checkpoint_pass=${checkpoint_pass} is not trained by method=${config.method}: write checkpoint_pass=${order[0]}`,
    );
  const half = order.length * (checkpoint_it - 1) + order.indexOf(checkpoint_pass) + 1;
  const steps = stepsOf(half, config);
  if (half > config.half_iterations || checkpoint_iter >= steps)
    throw new ConfigError(
      `checkpoint_it=${checkpoint_it} checkpoint_pass=${checkpoint_pass} checkpoint_iter=${checkpoint_iter} lies behind the end of the run (n_ipf=${config.n_ipf}, ${steps} steps in this half-iteration): give an earlier place, or train longer`,
    );
  training.keepOptimizers();
  const tensors = new Map<string, Tensor>(training.save().tensors);
  const loaded: Tensor[] = [];
  const put = (
    key: keyof CompleteTrainConfig,
    prefix: string,
    load: (path: string) => Map<string, Tensor>,
  ) => {
    const path = config[key];
    if (typeof path !== "string") return false;
    const state = load(path);
    loaded.push(...state.values());
    for (const [name, t] of state) tensors.set(prefix + name, t);
    const part = partOf(training.save().tensors, prefix);
    const names = [...part.keys(), ...state.keys()];
    const odd = part.size > 0 && names.find((name) => part.has(name) !== state.has(name));
    if (odd)
      throw new ConfigError(
        `${key}=${path} does not fit this network (only the network or only the file has ${odd}): give the file of a network with these model keys`,
      );
    return true;
  };
  try {
    for (const d of directions) {
      const isLoaded = put(`checkpoint_${d}`, `network/${d}/`, loadWeights);
      const averaged =
        training.state.emas && put(`sample_checkpoint_${d}`, `ema/${d}/`, loadWeights);
      if (isLoaded && training.state.emas && !averaged)
        for (const [name, t] of partOf(tensors, `network/${d}/`))
          tensors.set(`ema/${d}/${name}`, t);
      put(`optimizer_checkpoint_${d}`, `optimizer/${d}/`, loadOptimizer);
    }
    const facts = { ...training.save().facts, half: half - 1 };
    const pass = checkpoint_iter > 0 ? { half, step: checkpoint_iter, streams: null } : null;
    training.restore({ tensors, facts: { ...facts, pass } });
    return { half, direction: checkpoint_pass, step: checkpoint_iter };
  } catch (error) {
    if (!(error instanceof TorchError)) throw error;
    const files = [config.checkpoint_b, config.checkpoint_f].filter((f) => f !== null);
    throw new ConfigError(`${files.map((f) => basename(f)).join(", ")}: ${error.message}`);
  } finally {
    for (const t of loaded) t.dispose();
  }
}

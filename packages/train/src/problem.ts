// One training problem in full: data, reference process, method, networks and the numbers of the schedule.
import {
  type BatchCoupling,
  BridgeError,
  checkEndpoints,
  type Decode,
  type Direction,
  type Endpoints,
  type Method,
  matchConditions,
  type Network,
  type Parametrisation,
  plainDrift,
  type ReferenceProcess,
  type StepVariance,
  type TimeGrid,
} from "@dsbm/bridge";
import type { Ranks } from "./distributed/ranks.js";
import type { CacheOptions } from "./rows/cache.js";

export interface Problem {
  data: Endpoints;
  /** What a network sees of rows of the tables (default: the rows). */
  decode?: Decode;
  process: ReferenceProcess;
  method: Method;
  grid: TimeGrid;
  /** A new network for a direction (and half-iteration, where each begins with new weights), a function of the seed. */
  network: (direction: Direction, half?: number) => Network;
  /** Where the first pass starts: the reference process (IPF) or independent pairs (IMF). */
  firstCoupling?: "ref" | "ind";
  /**
   * Independent pairs share their conditions, bit by bit: independent given these. Not for pairs of the reference
   * process, and not with optimal transport within batches.
   */
  matchConditions?: boolean;
  /** Directions in the order of training, repeated. */
  sequence?: readonly Direction[];
  /** Half-iterations in all. */
  halfIterations: number;
  /** Training steps of a half-iteration. */
  steps: number;
  /** Training steps of the first iteration's half-iterations, if others. */
  firstSteps?: number;
  /** Half-iterations that make up the first iteration. */
  firstIteration?: number;
  /** Half-iterations that are trained on the first coupling, without a network to simulate with. */
  firstPass?: number;
  /** Rows of a training step, over all ranks. */
  batchSize?: number;
  /** Parts in which each rank's rows of a step are gone through, to need less memory. */
  accumulate?: number;
  /** The processes that train this together; null: one alone. */
  ranks?: Ranks | null;
  /**
   * Whether they share the rows of a step and average their gradients, or each goes through all rows, as one alone
   * does, and only simulations are shared; `auto` measures which is faster.
   */
  shareBatch?: boolean | "auto";
  /** Rows of a batch that share a pair, with times and noise of their own. */
  repeat?: number;
  /** Simulated pairs go to disk in parts, and tables are read a batch at a time; null: all in memory. */
  cache?: CacheOptions | null;
  /** The grid that training pairs are simulated on, if another. */
  cacheGrid?: TimeGrid;
  /** Whether training pairs are simulated with the noise of the last step. */
  lastNoise?: boolean;
  /** The noise of a simulated step along a drift: the process's, or that of a bridge to where the drift leads. */
  stepVariance?: StepVariance;
  /** What the networks predict. */
  parametrisation?: Parametrisation;
  /** The loss: squared error summed over dimensions, mean over the batch; or mean over all elements. */
  reduction?: "sum" | "mean";
  optimizer?: "Adam" | "AdamW";
  lr?: number;
  /** How the learning rate falls within each half-iteration: to 0 along half a cosine wave, or not. */
  lrSchedule?: "constant" | "cosine";
  weightDecay?: number;
  /** Whether optimisers live on between half-iterations; null: as the method says. */
  keepOptimizer?: boolean | null;
  /** Whether each half-iteration begins with new weights. */
  renewNetwork?: boolean;
  /** Largest global norm of the gradient; null: no clipping. */
  gradClip?: number | null;
  /** Rate of the weights' moving average, which then does the sampling; null: none. */
  emaRate?: number | null;
  /** The average starts anew with each half-iteration and warms up (see EMA). */
  emaWarmup?: boolean;
  /** Training times are uniform on [eps, 1 − eps]; null: the method's own. */
  eps?: number | null;
  /** How times are spread over that interval: uniformly, as the steps of the grid are, or half of them each way. */
  times?: "uniform" | "steps" | "mixed";
  /** Minibatch optimal transport on pairs that were not simulated. */
  batchCoupling?: BatchCoupling | null;
  seed?: number;
  /** Threads of a training step; `auto` measures. */
  threads?: number | "auto";
  /** Threads that simulate side by side. */
  simulateThreads?: number;
  chunkRows?: number;
  /** Steps between two `step` events. */
  logEvery?: number;
}

const integer = (name: string, x: number, least: number) => {
  if (!Number.isInteger(x) || x < least)
    throw new BridgeError("argument", `${name} is ${x}; expected an integer of at least ${least}`);
};

function checkBatch({ cache, batchSize, repeat, ranks, shareBatch }: Required<Problem>): void {
  if (batchSize % repeat !== 0)
    throw new BridgeError(
      "argument",
      `batchSize is ${batchSize}, which ${repeat} repeats of each pair do not divide; use a multiple of ${repeat}`,
    );
  if (ranks && shareBatch !== false && batchSize / repeat < ranks.size)
    throw new BridgeError(
      "argument",
      `a batch of ${batchSize / repeat} pairs cannot be shared by ${ranks.size} processes: use a larger batch, fewer processes, or shareBatch: false`,
    );
  if (cache === null) return;
  integer("cache.npar", cache.npar, 1);
  integer("cache.batchSize", cache.batchSize, 1);
  integer("cache.refreshStride", cache.refreshStride, 1);
  if (cache.npar < batchSize / repeat)
    throw new BridgeError(
      "argument",
      `cache.npar is ${cache.npar}, fewer pairs than the ${batchSize / repeat} of one batch; use more`,
    );
}

function checkMatching({
  method,
  batchCoupling,
  data,
  batchSize,
  repeat,
}: Required<Problem>): void {
  if (!method.pairs || method.coupling || batchCoupling)
    throw new BridgeError(
      "argument",
      method.pairs
        ? "matchConditions with optimal transport within batches, which pairs anew; leave one of them out"
        : `matchConditions with ${method.name}, which is trained on no pairs; leave it out`,
    );
  const { rows } = matchConditions(data.conditions);
  if (rows.length < batchSize / repeat)
    throw new BridgeError(
      "argument",
      `batchSize is ${batchSize}, but only ${rows.length} samples of x0 have conditions of x1; use a smaller batch`,
    );
}

/** The problem with defaults filled in. Throws a BridgeError that names the first wrong field. */
export function complete(problem: Problem): Required<Problem> {
  const full: Required<Problem> = {
    firstCoupling: "ref",
    matchConditions: false,
    sequence: ["b", "f"],
    decode: (rows) => rows,
    firstSteps: problem.steps,
    firstIteration: 1,
    firstPass: 1,
    batchSize: 128,
    accumulate: 1,
    ranks: null,
    shareBatch: "auto",
    repeat: 1,
    cache: null,
    cacheGrid: problem.grid,
    lastNoise: true,
    stepVariance: "process",
    parametrisation: plainDrift,
    reduction: "sum",
    optimizer: "Adam",
    lr: 1e-4,
    lrSchedule: "constant",
    weightDecay: 0,
    keepOptimizer: null,
    renewNetwork: false,
    gradClip: null,
    emaRate: null,
    emaWarmup: false,
    eps: null,
    times: "uniform",
    batchCoupling: null,
    seed: 42,
    threads: "auto",
    simulateThreads: 1,
    chunkRows: 500,
    logEvery: 100,
    ...problem,
  };
  integer("halfIterations", full.halfIterations, 1);
  integer("steps", full.steps, 1);
  integer("firstSteps", full.firstSteps, 1);
  integer("batchSize", full.batchSize, 1);
  integer("accumulate", full.accumulate, 1);
  integer("logEvery", full.logEvery, 1);
  integer("firstIteration", full.firstIteration, 0);
  integer("firstPass", full.firstPass, 1);
  integer("repeat", full.repeat, 1);
  checkBatch(full);
  checkEndpoints(full.data);
  const rows = Math.min(full.data.x0.size(0), full.data.x1.size(0));
  if (full.batchSize / full.repeat > rows)
    throw new BridgeError(
      "argument",
      `batchSize is ${full.batchSize}, but there are only ${rows} samples on one end; use a smaller batch`,
    );
  if (full.matchConditions) checkMatching(full);
  if (full.sequence.length === 0)
    throw new BridgeError("argument", "sequence is empty; expected at least one of f and b");
  if (
    full.method.predicts === "increment" &&
    full.sequence.some(
      (d, i) => d === full.sequence[(i + 1) % full.sequence.length] && full.halfIterations > 1,
    )
  )
    throw new BridgeError(
      "argument",
      `${full.method.name} learns each direction from the other: the sequence must alternate between b and f, got ${full.sequence}`,
    );
  return full;
}

/** The direction trained in half-iteration `half` (counted from 1). */
export function directionOf(
  { sequence }: Pick<Required<Problem>, "sequence">,
  half: number,
): Direction {
  return sequence[(half - 1) % sequence.length] as Direction;
}

// The problem of a training in groups: data, process, method, schedule, optimisation, execution.
import type {
  BatchCoupling,
  Conditions,
  Decode,
  Direction,
  Endpoints,
  FirstCoupling,
  KnownPairs,
  Matching,
  Method,
  Network,
  NetworkDType,
  Parametrisation,
  ReferenceProcess,
  StepVariance,
  TimeGrid,
} from "@dsbm/bridge";
import { intervalConditions, matchConditions, matchIntervals, matchKnown } from "@dsbm/bridge";
import type { ChunkedRun, Generator, Tensor } from "@dsbm/torch";
import type { Ranks } from "./distributed/ranks.js";
import type { CacheOptions } from "./rows/cache.js";

interface ProblemData extends Endpoints {
  decode?: Decode;
  pairs?: KnownPairs | null;
}

/** Another bridge that simulates training pairs. */
export interface Teacher {
  /** Begins to simulate x [n, …] along a direction; the one output is [n, …]. Draws nothing after it returned. */
  startSimulation(
    direction: Direction,
    x: Tensor,
    options: { generator: Generator; conditions?: Conditions | undefined },
  ): ChunkedRun;
}

/** The method's part of a problem: networks and pairs. */
export interface MethodOptions {
  /** Facts and functions of the method. */
  method: Method;
  /** A new network for a direction (and half-iteration, if each begins with new weights), a function of the seed. */
  network: (direction: Direction, half?: number) => Network;
  /** The output of networks (default: the drift). */
  parametrisation?: Parametrisation;
  /**
   * Pairs of the first pass: of the reference process (`ref`, default, IPF), independent (IMF), or
   * each sample with itself.
   */
  firstCoupling?: FirstCoupling;
  /** Pairs are independent given their conditions, which they share bit by bit. */
  matchConditions?: boolean;
  /** Minibatch OT for pairs that come from data, not from simulations. */
  batchCoupling?: BatchCoupling | null;
  /** Rows in an OT batch, in whole batches (default: one batch). */
  couplingRows?: number | null;
  /** Whether simulated endpoints take mean and standard deviation of the data (default: no). */
  matchMoments?: boolean;
  /** The noise of a simulated step along a drift: of the process, or of a bridge to where the drift leads. */
  stepVariance?: StepVariance;
  /** Whether training pairs are simulated with the noise of the last step (default: yes). */
  lastNoise?: boolean;
  /** The bridge that a method of few steps learns from (default: none). */
  teacher?: Teacher | null;
}

/** The time grid, and the order and length of half-iterations. */
export interface Schedule {
  /** Times of simulated steps. */
  grid: TimeGrid;
  /** The grid that training pairs are simulated on (default: `grid`). */
  cacheGrid?: TimeGrid;
  /** Directions of half-iterations, repeated (default: b, f). */
  sequence?: readonly Direction[];
  /** The number of half-iterations. */
  halfIterations: number;
  /** Training steps of each half-iteration. */
  steps: number;
  /** Training steps of the first iteration's half-iterations (default: `steps`). */
  firstSteps?: number;
  /** Half-iterations that make up the first iteration (default 1). */
  firstIteration?: number;
  /** Half-iterations that are trained on the first coupling (default 1). */
  firstPass?: number;
  /** Training times lie in [eps, 1 − eps]; null (default): the method's own eps. */
  eps?: number | null;
  /**
   * The distribution of times: uniform (default), as the steps of the grid, or half of them each.
   */
  times?: "uniform" | "steps" | "mixed";
}

interface Optimisation {
  batchSize?: number;
  repeat?: number;
  /** Height and width of random parts of images that a step trains on; null (default): whole images. */
  crop?: number | null;
  reduction?: "sum" | "mean";
  optimizer?: "Adam" | "AdamW";
  lr?: number;
  lrSchedule?: "constant" | "cosine";
  lrWarmup?: number;
  weightDecay?: number;
  gradClip?: number | null;
  keepOptimizer?: boolean | null;
  renewNetwork?: boolean;
  emaRate?: number | null;
  emaWarmup?: boolean;
}

/** How training is executed. Changes results only by rounding. */
export interface Execution {
  /** Threads of a training step; `auto` (default): by the work of a step. */
  threads?: number | "auto";
  /** Threads that simulate (default 1). */
  simulateThreads?: number;
  /** Rows that one thread simulates together (default 500). */
  chunkRows?: number;
  /** The dtype of a training step's matrix products and convolutions; weights, gradients and losses are float32. */
  dtype?: NetworkDType;
  /** The dtype of networks that simulate; states and noise are float32. */
  simulateDtype?: NetworkDType;
  /** Parts in which a rank computes its rows of a step, to need less memory (default 1). */
  accumulate?: number;
  /**
   * Whether ranks share the rows of a step and average gradients, or each computes all rows and only simulations are
   * shared; `auto` (default): they share if the saved rows take longer than the exchange.
   */
  shareBatch?: boolean | "auto";
  /** Simulated rows go to disk, and tables are read a batch at a time; null (default): all in memory. */
  cache?: CacheOptions | null;
  /** The processes that train together; null (default): one process. */
  ranks?: Ranks | null;
  /** Steps between two `step` events (default 100). */
  logEvery?: number;
}

/** The problem of a `Training`: data, process, method and schedule. */
export interface Problem {
  /** Source and target samples, [n, …] and [m, …]. */
  data: ProblemData;
  /** The reference process. */
  process: ReferenceProcess;
  /** Method, networks and pairs. */
  method: MethodOptions;
  /** Time grid and half-iterations. */
  schedule: Schedule;
  /** Batches, learning rate, averages. */
  optimisation?: Optimisation;
  /** Threads, dtypes, ranks. */
  execution?: Execution;
  /** Seed of every random stream (default 42). */
  seed?: number;
}

/** A problem with all defaults. */
export interface CompleteProblem extends Required<Problem> {
  /** The data, with `decode`. */
  data: ProblemData & { decode: Decode };
  /** The options of the method, with all defaults. */
  method: Required<MethodOptions>;
  /** The schedule, with all defaults. */
  schedule: Required<Schedule>;
  /** The options of the optimisation, with all defaults. */
  optimisation: Required<Optimisation>;
  /** The options of the execution, with all defaults. */
  execution: Required<Execution> & { ranks: Ranks };
}

/** The facts of a problem that a sampler needs. */
export const bridgeFacts = ({ method: options, process, schedule, data }: CompleteProblem) => ({
  ...options,
  process,
  grid: schedule.grid,
  eps: schedule.eps ?? options.method.eps,
  chain: data.chain ?? null,
});

/** The direction of half-iteration `half` (counted from 1). */
export function directionOf(
  { schedule }: Pick<CompleteProblem, "schedule">,
  half: number,
): Direction {
  const { sequence } = schedule;
  return sequence.at((half - 1) % sequence.length)!;
}

/** The same problem with other threads, devices or ranks. */
export function withExecution<P extends Problem>(problem: P, changes: Partial<P["execution"]>): P {
  return { ...problem, execution: { ...problem.execution, ...changes } };
}

/** Known pairs, rows of one condition, and rows of one interval; null: independent pairs. */
export function firstMatching({
  data,
  method: { matchConditions: byCondition },
}: Pick<CompleteProblem, "data" | "method">): Matching | null {
  if (data.pairs && data.chain && !byCondition)
    return matchKnown({ ...data, conditions: intervalConditions(data.conditions) }, data.pairs, {
      byCondition: true,
    });
  if (data.pairs) return matchKnown(data, data.pairs, { byCondition });
  if (byCondition) return matchConditions(data.conditions);
  return data.chain ? matchIntervals(data.conditions) : null;
}

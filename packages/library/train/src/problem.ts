import {
  argumentError,
  type BatchCoupling,
  checkBrownian,
  checkEndpoints,
  checkPairs,
  type Decode,
  type Direction,
  type Endpoints,
  type FirstCoupling,
  groupsByConditions,
  type KnownPairs,
  type Matching,
  type Method,
  matchConditions,
  matchIntervals,
  matchKnown,
  type Network,
  type NetworkDType,
  onlyIntervals,
  type Parametrisation,
  plainDrift,
  type ReferenceProcess,
  type StepVariance,
  type TimeGrid,
  withNoiseShare,
} from "@dsbm/bridge";
import { localRanks, type Ranks } from "./distributed/ranks.js";
import type { CacheOptions } from "./rows/cache.js";

interface ProblemData extends Endpoints {
  decode?: Decode;
  pairs?: KnownPairs | null;
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
  /** With `decode`. */
  data: ProblemData & { decode: Decode };
  /** With all defaults. */
  method: Required<MethodOptions>;
  /** With all defaults. */
  schedule: Required<Schedule>;
  /** With all defaults. */
  optimisation: Required<Optimisation>;
  /** With all defaults. */
  execution: Required<Execution> & { ranks: Ranks };
}

/** Throws a BridgeError that names the first wrong field. */
export function complete(problem: Problem): CompleteProblem {
  const { data, process, method, schedule, optimisation, execution, seed = 42 } = problem;
  const hasLayers = !method.method.model?.fit && !method.method.plan;
  const full: CompleteProblem = {
    data: { ...data, decode: data.decode ?? ((rows) => rows) },
    process,
    method: {
      parametrisation: plainDrift,
      firstCoupling: "ref",
      matchConditions: false,
      batchCoupling: null,
      couplingRows: null,
      matchMoments: false,
      stepVariance: "process",
      lastNoise: true,
      ...method,
      network: checkedNetworks(method),
    },
    schedule: {
      cacheGrid: schedule.grid,
      sequence: ["b", "f"],
      firstSteps: schedule.steps,
      firstIteration: 1,
      firstPass: 1,
      eps: null,
      times: "uniform",
      ...schedule,
    },
    optimisation: {
      batchSize: 128,
      repeat: 1,
      reduction: "sum",
      optimizer: "Adam",
      lr: 1e-4,
      lrSchedule: "constant",
      lrWarmup: 0,
      weightDecay: 0,
      gradClip: null,
      keepOptimizer: null,
      renewNetwork: false,
      emaRate: null,
      emaWarmup: false,
      ...optimisation,
      // A closed form has no training to average.
      ...(method.method.model?.fit && { emaRate: null }),
    },
    execution: {
      threads: "auto",
      simulateThreads: 1,
      chunkRows: 500,
      dtype: "float32",
      simulateDtype: "float32",
      accumulate: 1,
      shareBatch: "auto",
      cache: null,
      logEvery: 100,
      ...execution,
      // Closed forms and plans are no layers: they keep their digits.
      ...(hasLayers ? null : { dtype: "float32", simulateDtype: "float32" }),
      ranks: execution?.ranks ?? localRanks,
    },
    seed,
  };
  checkProblem(full, problem);
  return full;
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
    return matchKnown({ ...data, conditions: onlyIntervals(data.conditions) }, data.pairs, {
      byCondition: true,
    });
  if (data.pairs) return matchKnown(data, data.pairs, { byCondition });
  if (byCondition) return matchConditions(data.conditions);
  return data.chain ? matchIntervals(data.conditions) : null;
}

const refuse = (message: string): never => {
  throw argumentError(message);
};

function checkIntegers(least: number, values: Record<string, number>): void {
  for (const [name, x] of Object.entries(values))
    if (!Number.isInteger(x) || x < least)
      refuse(`${name} is ${x}; expected an integer of at least ${least}`);
}

function checkBatch({ data, method, optimisation, execution }: CompleteProblem): void {
  const { batchSize, repeat } = optimisation;
  const { ranks, shareBatch, cache } = execution;
  if (batchSize % repeat !== 0)
    refuse(
      `batchSize is ${batchSize}, not a multiple of ${repeat} repeats of each pair; use a multiple of ${repeat}`,
    );
  const pairs = batchSize / repeat;
  if (shareBatch !== false && pairs < ranks.size)
    refuse(
      `a batch of ${pairs} pairs cannot be shared by ${ranks.size} processes: use a larger batch, fewer processes, or shareBatch: false`,
    );
  const rows = Math.min(data.x0.size(0), data.x1.size(0));
  if (pairs > rows && !method.method.model?.fit)
    refuse(
      `batchSize is ${batchSize}, but there are only ${rows} samples in one dataset; use a smaller batch`,
    );
  if (cache && cache.npar < pairs)
    refuse(`cache.npar is ${cache.npar}, fewer pairs than the ${pairs} of one batch; use more`);
}

function checkMatching(problem: CompleteProblem): void {
  const { method, batchCoupling } = problem.method;
  const { data } = problem;
  if (!method.rows?.pairs)
    refuse(`matchConditions with ${method.name}, which is trained on no pairs; leave it out`);
  // A method of chains pairs samples that are alone with their condition as they are.
  const transported = batchCoupling ?? (method.rows?.chains ? undefined : method.rows?.coupling);
  const conditions = data.conditions?.x0;
  if (
    transported &&
    conditions &&
    groupsByConditions(conditions).every((rows) => rows.length === 1)
  )
    refuse(
      "transport within batches pairs samples of one condition, and no two of x0 have the same; leave transport out, or do not match conditions",
    );
  const { batchSize, repeat } = problem.optimisation;
  const rows = firstMatching(problem)?.rows.length ?? 0;
  if (rows < batchSize / repeat)
    refuse(
      `batchSize is ${batchSize}, but only ${rows} samples of x0 have conditions of x1; use a smaller batch`,
    );
}

function checkKnown({ method: { method }, data }: CompleteProblem): void {
  if (!data.pairs) return;
  if (!method.rows?.pairs)
    refuse(`data.pairs with ${method.name}, which is trained on no pairs; leave them out`);
  checkPairs(data.pairs, data);
}

/** Makes networks, and checks that a method with its own model gets that model. */
export function checkedNetworks(options: MethodOptions): MethodOptions["network"] {
  const { method, network: createNetwork, stepVariance } = options;
  const { name, model, networks } = method;
  const network: typeof createNetwork =
    stepVariance === "analytic"
      ? (direction, half) => withNoiseShare(createNetwork(direction, half), networks)
      : createNetwork;
  if (!model) return network;
  return (direction, half) => {
    const net = network(direction, half);
    return net instanceof model.type
      ? net
      : refuse(
          `${name} trains a model of its own, ${model.type.name}; write network: (direction) => methodNamed("${name}").model.create({ shape, direction, generator, createNetwork: () => YOUR_NETWORK })`,
        );
  };
}

function checkMethod({ method: { method }, process }: CompleteProblem): void {
  const { name, model, rows, regression, loss, onlyBrownian } = method;
  if (!model?.fit && !(rows && (regression || loss)))
    refuse(`${name} has neither model.fit, nor rows and one of regression and loss; give it those`);
  if (onlyBrownian) checkBrownian(model ? `${name} with ${model.type.name}` : name, process);
}

function checkStepVariance({ method: { method, stepVariance }, process }: CompleteProblem): void {
  const { name, predicts, plan, rows } = method;
  if (stepVariance !== "analytic") return;
  checkBrownian('stepVariance "analytic"', process);
  if (predicts !== "drift" || plan || !rows?.pairs)
    refuse(
      `stepVariance "analytic" is for methods that learn a drift from pairs, got ${name}: write "process" or "bridge"`,
    );
}

/** Without noise the bridge is a straight line, which has no drift, score or plan. */
function checkNoise({ method: { method }, process }: CompleteProblem): void {
  if (process.sigma === 0 && method.predicts !== "velocity")
    refuse(
      `process.sigma is 0, and ${method.name} learns a bridge with noise: write brownian({ sigma: 1 }), or methods.rectifiedflow for straight lines`,
    );
}

function checkChain({ method: { method }, data, process }: CompleteProblem): void {
  if (!data.chain) return;
  if (!method.rows?.chains)
    refuse(
      `${method.name} learns no more than two datasets; with several use dsbm, sf2m, rectifiedflow or alpha_dsbm`,
    );
  checkBrownian(`${method.name} of several datasets`, process);
  if (!data.conditions?.x0?.interval || !data.conditions.x1?.interval)
    refuse("data.chain without the interval of each row; make the tables by chainEndpoints");
}

function checkSequence({ method: { method }, schedule }: CompleteProblem): void {
  const { sequence, halfIterations } = schedule;
  if (sequence.length === 0) refuse("sequence is empty; expected at least one of f and b");
  const repeats = sequence.some((d, i) => d === sequence[(i + 1) % sequence.length]);
  if (method.predicts === "increment" && repeats && halfIterations > 1)
    refuse(
      `${method.name} learns each direction from the other: the sequence must alternate between b and f, got ${sequence}`,
    );
}

/** Checks `full`, which is `given` with defaults filled in. */
export function checkProblem(full: CompleteProblem, problem: Problem): void {
  const { data } = problem;
  const { halfIterations, steps, firstSteps, firstIteration, firstPass } = full.schedule;
  const { batchSize, repeat, lrWarmup } = full.optimisation;
  const { accumulate, logEvery, cache } = full.execution;
  checkIntegers(1, { halfIterations, steps, firstSteps, batchSize, repeat, accumulate, logEvery });
  checkIntegers(0, { firstIteration, firstPass, lrWarmup });
  if (cache)
    checkIntegers(1, {
      "cache.npar": cache.npar,
      "cache.batchSize": cache.batchSize,
      "cache.refreshStride": cache.refreshStride,
    });
  if (full.method.couplingRows != null)
    checkIntegers(1, { couplingRows: full.method.couplingRows });
  checkMethod(full);
  checkNoise(full);
  checkStepVariance(full);
  checkChain(full);
  checkEndpoints(full.data);
  for (const end of ["x0", "x1"] as const)
    if (!data.decode && data[end].dtype !== "float32")
      refuse(
        `data.${end} is ${data[end].dtype}, and networks take float32: write ${end}.to({ dtype: "float32" }), or give data.decode`,
      );
  checkBatch(full);
  checkKnown(full);
  if (full.method.matchConditions) checkMatching(full);
  checkSequence(full);
}

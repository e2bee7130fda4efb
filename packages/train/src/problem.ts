// One training problem in full, in named groups: data, reference process, method, schedule, optimisation, execution.
import {
  type BatchCoupling,
  BridgeError,
  checkEndpoints,
  checkPairs,
  type Decode,
  type Direction,
  type Endpoints,
  type FirstCoupling,
  type KnownPairs,
  type Matching,
  type Method,
  matchConditions,
  matchIntervals,
  matchKnown,
  type Network,
  onlyBrownian,
  type Parametrisation,
  plainDrift,
  type ReferenceProcess,
  type StepVariance,
  type TimeGrid,
} from "@dsbm/bridge";
import { localRanks, type Ranks } from "./distributed/ranks.js";
import type { CacheOptions } from "./rows/cache.js";

/** The two tables. */
interface ProblemData extends Endpoints {
  /** Rows of the tables as networks get them (default: unchanged). */
  decode?: Decode;
  /**
   * Rows of the two tables that are known to belong together, for a part of the rows: they stay together in the pairs of
   * the first pass, whose coupling pairs the others.
   */
  pairs?: KnownPairs | null;
}

/** What is learnt, by which networks, from which pairs. */
export interface MethodOptions {
  method: Method;
  /** A new network for a direction (and half-iteration, where each begins with new weights), a function of the seed. */
  network: (direction: Direction, half?: number) => Network;
  /** What the networks predict. */
  parametrisation?: Parametrisation;
  /**
   * The pairs of the first pass: those of the reference process (IPF), independent ones (IMF), or each sample with itself.
   * Default: ref.
   */
  firstCoupling?: FirstCoupling;
  /**
   * Independent pairs share their conditions, bit by bit: independent given these. Not for pairs of the reference
   * process, and not with optimal transport within batches.
   */
  matchConditions?: boolean;
  /** Minibatch optimal transport on pairs that were not simulated. */
  batchCoupling?: BatchCoupling | null;
  /** The noise of a simulated step along a drift: that of the process, or of a bridge to where the drift leads. */
  stepVariance?: StepVariance;
  /** Whether training pairs are simulated with the noise of the last step (default: yes). */
  lastNoise?: boolean;
}

/** Half-iterations, steps and times. */
export interface Schedule {
  grid: TimeGrid;
  /** The grid that training pairs are simulated on (default: `grid`). */
  cacheGrid?: TimeGrid;
  /** Directions in the order of training, repeated (default: b, f). */
  sequence?: readonly Direction[];
  /** Half-iterations in all. */
  halfIterations: number;
  /** Training steps of a half-iteration. */
  steps: number;
  /** Training steps of the first iteration's half-iterations (default: `steps`). */
  firstSteps?: number;
  /** Half-iterations that make up the first iteration (default 1). */
  firstIteration?: number;
  /** Half-iterations that are trained on the first coupling, without a simulation (default 1). */
  firstPass?: number;
  /** Training times are uniform on [eps, 1 − eps]; null (default): the method's own eps. */
  eps?: number | null;
  /** How times are distributed over that interval: uniformly, as the steps of the grid are, or half of them each. */
  times?: "uniform" | "steps" | "mixed";
}

interface Optimisation {
  /** Rows of a training step, over all ranks (default 128). */
  batchSize?: number;
  /** Rows of a batch that share a pair, each with its own time and noise (default 1). */
  repeat?: number;
  /** The loss: squared error summed over dimensions, mean over the batch (default); or mean over all elements. */
  reduction?: "sum" | "mean";
  optimizer?: "Adam" | "AdamW";
  lr?: number;
  /** How the learning rate falls within each half-iteration: to 0 along half a cosine wave, or not. */
  lrSchedule?: "constant" | "cosine";
  /** Steps in which the learning rate rises to `lr` at the beginning of each half-iteration (default 0). */
  lrWarmup?: number;
  weightDecay?: number;
  /** Largest global norm of the gradient; null (default): no clipping. */
  gradClip?: number | null;
  /** Whether optimisers are kept between half-iterations; null (default): as the method says. */
  keepOptimizer?: boolean | null;
  /** Whether each half-iteration begins with new weights. */
  renewNetwork?: boolean;
  /** Rate of the weights' moving average, which then samples; null (default): none. */
  emaRate?: number | null;
  /** The average starts anew with each half-iteration and warms up (see EMA). */
  emaWarmup?: boolean;
}

export type NetworkDType = "float32" | "bfloat16";

/** How the work is done: none of it changes what is learnt, rounding aside. */
export interface Execution {
  /** Threads of a training step; `auto` (default) measures. */
  threads?: number | "auto";
  /** Threads that simulate side by side (default 1). */
  simulateThreads?: number;
  /** Rows that one thread simulates together (default 500). */
  chunkRows?: number;
  /**
   * The dtype of a training step's matrix products and convolutions; weights, gradients and losses are float32. bfloat16 is
   * left out where the processor emulates it.
   */
  dtype?: NetworkDType;
  /** The same of the networks that simulate and are evaluated; state and noise are float32. */
  simulateDtype?: NetworkDType;
  /** Parts in which each rank's rows of a step are computed, to need less memory (default 1). */
  accumulate?: number;
  /**
   * Whether ranks share the rows of a step and average their gradients, or each computes all rows and only simulations
   * are shared; `auto` (default) measures which is faster.
   */
  shareBatch?: boolean | "auto";
  /**
   * `auto`: pairs are simulated in the fewest steps, measured before each half-iteration, whose pairs cannot be told from
   * those of `cacheGrid`; null (default): on `cacheGrid`.
   */
  cacheSteps?: "auto" | null;
  /** Simulated pairs go to disk in parts, and tables are read a batch at a time; null (default): all in memory. */
  cache?: CacheOptions | null;
  /** The processes that train together; null (default): one process. */
  ranks?: Ranks | null;
  /** Steps between two `step` events (default 100). */
  logEvery?: number;
}

export interface Problem {
  data: ProblemData;
  process: ReferenceProcess;
  method: MethodOptions;
  schedule: Schedule;
  optimisation?: Optimisation;
  execution?: Execution;
  /** Seed of every random stream (default 42). */
  seed?: number;
}

/** A problem with defaults filled in. */
export interface CompleteProblem extends Required<Problem> {
  data: ProblemData & { decode: Decode };
  method: Required<MethodOptions>;
  schedule: Required<Schedule>;
  optimisation: Required<Optimisation>;
  execution: Required<Execution> & { ranks: Ranks };
}

const refuse = (message: string): never => {
  throw new BridgeError("argument", message);
};

/** Checks each named value: an integer of at least `least`. */
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
      `batchSize is ${batchSize}, which is not divisible by ${repeat} repeats of each pair; use a multiple of ${repeat}`,
    );
  const pairs = batchSize / repeat;
  if (shareBatch !== false && pairs < ranks.size)
    refuse(
      `a batch of ${pairs} pairs cannot be shared by ${ranks.size} processes: use a larger batch, fewer processes, or shareBatch: false`,
    );
  const rows = Math.min(data.x0.size(0), data.x1.size(0));
  if (pairs > rows && !method.method.fit)
    refuse(
      `batchSize is ${batchSize}, but there are only ${rows} samples on one end; use a smaller batch`,
    );
  if (cache && cache.npar < pairs)
    refuse(`cache.npar is ${cache.npar}, fewer pairs than the ${pairs} of one batch; use more`);
}

function checkMatching(problem: CompleteProblem): void {
  const { method, batchCoupling } = problem.method;
  if (!method.pairs)
    refuse(`matchConditions with ${method.name}, which is trained on no pairs; leave it out`);
  // A method of chains pairs rows of one condition by itself.
  if ((method.coupling && !method.chains) || batchCoupling)
    refuse(
      "matchConditions with optimal transport within batches, which pairs anew; leave one of them out",
    );
  checkPartners(problem);
}

/** Which rows go together in the first pass, where that is not left to chance: known pairs, those of one condition, and of one interval. */
export function firstMatching({
  data,
  method: { matchConditions: byCondition },
}: Pick<CompleteProblem, "data" | "method">): Matching | null {
  if (data.pairs) return matchKnown(data, data.pairs, { byCondition });
  if (byCondition) return matchConditions(data.conditions);
  return data.chain ? matchIntervals(data.conditions) : null;
}

function checkPartners(problem: CompleteProblem): void {
  const { batchSize, repeat } = problem.optimisation;
  const rows = firstMatching(problem)?.rows.length ?? 0;
  if (rows < batchSize / repeat)
    refuse(
      `batchSize is ${batchSize}, but only ${rows} samples of x0 have conditions of x1; use a smaller batch`,
    );
}

function checkKnown({ method: { method }, data }: CompleteProblem): void {
  if (!data.pairs) return;
  if (!method.pairs || method.fit)
    refuse(`data.pairs with ${method.name}, which is trained on no pairs; leave them out`);
  checkPairs(data.pairs, data);
}

/** Throws for what plain JavaScript lets through: groups that are missing, a name or a factory in the place of a method. */
function checkGroups({ data, process, method, schedule }: Problem): void {
  for (const [name, group] of Object.entries({ data, process, method, schedule }))
    if (!group) refuse(`${name} is ${group}; a problem has data, process, method and schedule`);
  const { method: one, network } = method;
  if (typeof one === "string")
    refuse(`method.method is "${one}"; write methods.${one}, or methodNamed("${one}")`);
  if (typeof one === "function")
    refuse(
      "method.method is a function of numbers; call it, as methods.lightsb({ components: 50 })",
    );
  if (typeof network !== "function")
    refuse(`method.network is ${network}; expected a function (direction) => network`);
}

/** New networks, which are checked to be models of the method where it has models of its own. */
function checkedNetworks({ method, network }: MethodOptions): MethodOptions["network"] {
  const { name, modelClass } = method;
  if (!modelClass) return network;
  return (direction, half) => {
    const net = network(direction, half);
    return net instanceof modelClass
      ? net
      : refuse(
          `${name} trains a model of its own, ${modelClass.name}; write network: (direction) => methodNamed("${name}").model({ shape, direction, generator, create: () => YOUR_NETWORK })`,
        );
  };
}

/** Throws unless a method has the functions that its facts need. */
function checkMethod({ method: { method } }: CompleteProblem): void {
  const { name, fit, rows, regression, loss, predicts, plan } = method;
  if (!fit && !(rows && (regression || loss)))
    refuse(`${name} has neither fit, nor rows and one of regression and loss; give it those`);
  if (predicts === "plan" && !plan) refuse(`${name} predicts a plan; give it the function plan`);
}

/** Throws unless the method learns several marginals, where there are some. */
function checkChain({ method: { method }, data, process }: CompleteProblem): void {
  if (!data.chain) return;
  if (!method.chains)
    refuse(
      `${method.name} learns no more than two data sets; with several use dsbm, sf2m or alpha_dsbm`,
    );
  onlyBrownian(`${method.name} of several data sets`, process);
  if (data.pairs) refuse("data.pairs are pairs of two data sets; with several leave them out");
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

/** The problem with defaults filled in. Throws a BridgeError that names the first wrong field. */
export function complete(problem: Problem): CompleteProblem {
  checkGroups(problem);
  const { data, process, method, schedule, optimisation, execution, seed = 42 } = problem;
  const full: CompleteProblem = {
    data: { ...data, decode: data.decode ?? ((rows) => rows) },
    process,
    method: {
      parametrisation: plainDrift,
      firstCoupling: "ref",
      matchConditions: false,
      batchCoupling: null,
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
      ...(method.method.fit && { emaRate: null }),
    },
    execution: {
      threads: "auto",
      simulateThreads: 1,
      chunkRows: 500,
      dtype: "float32",
      simulateDtype: "float32",
      accumulate: 1,
      shareBatch: "auto",
      cacheSteps: null,
      cache: null,
      logEvery: 100,
      ...execution,
      ranks: execution?.ranks ?? localRanks,
    },
    seed,
  };
  const { halfIterations, steps, firstSteps, firstIteration, firstPass } = full.schedule;
  const { batchSize, repeat, lrWarmup } = full.optimisation;
  const { accumulate, logEvery, cache } = full.execution;
  checkIntegers(1, { halfIterations, steps, firstSteps, batchSize, accumulate, logEvery });
  checkIntegers(0, { firstIteration, lrWarmup });
  checkIntegers(1, { firstPass, repeat });
  if (cache)
    checkIntegers(1, {
      "cache.npar": cache.npar,
      "cache.batchSize": cache.batchSize,
      "cache.refreshStride": cache.refreshStride,
    });
  for (const key of ["dtype", "simulateDtype"] as const)
    if (!["float32", "bfloat16"].includes(full.execution[key]))
      refuse(`execution.${key} is ${full.execution[key]}; expected float32 or bfloat16`);
  checkMethod(full);
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
  return full;
}

/** The direction trained in half-iteration `half` (counted from 1). */
export function directionOf(
  { schedule }: Pick<CompleteProblem, "schedule">,
  half: number,
): Direction {
  const { sequence } = schedule;
  return sequence[(half - 1) % sequence.length] as Direction;
}

/** The problem with other values of `execution`. */
export function withExecution<P extends Problem>(problem: P, changes: Partial<P["execution"]>): P {
  return { ...problem, execution: { ...problem.execution, ...changes } };
}

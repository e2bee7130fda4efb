// One half-iteration while it runs: its optimiser, random streams, source of rows and recorded step, and all
// that is needed to put it back where it stood.

import {
  asPairs,
  asRows,
  type BatchCoupling,
  type ConditionKind,
  conditionKinds,
  conditionsAt,
  type Direction,
  drawAll,
  type End,
  type Endpoints,
  endOf,
  hash32,
  matchConditions,
  type Network,
  other,
  stream,
} from "@dsbm/bridge";
import {
  distributed,
  Generator,
  getNumThreads,
  nn,
  type optim,
  type Recorded,
  type Tensor,
  tensor,
  tidy,
} from "@dsbm/torch";
import { type BatchShare, batchShare } from "./distributed/batch-share.js";
import { type CompleteProblem, directionOf } from "./problem.js";
import { CacheRows } from "./rows/cache.js";
import { Prefetcher } from "./rows/prefetcher.js";
import type { RowSource, SourceState } from "./rows/rows.js";
import { StreamRows } from "./rows/stream.js";
import { TableRows } from "./rows/table.js";
import type { Simulator } from "./simulator.js";
import { StepTimes } from "./step/time-sampling.js";
import { repeatRows, trainingStep } from "./step/training-step.js";
import { canRunAhead } from "./tune/threads.js";

export interface HalfIterationOptions {
  problem: CompleteProblem;
  half: number;
  network: Network;
  optimizer: optim.Adam;
  ema: optim.EMA | null;
  simulator: Simulator;
}

/** What a rank wants at the end of a step; where any wants it, all do it. */
export interface StopPauseRequest {
  /** To end the run. */
  stop: boolean;
  /** To let rank 0 save and evaluate. */
  pause: boolean;
}

/** What came of a step. */
export interface Advanced {
  loss: number | null;
  gradNorm: number | null;
  /** What some rank wanted; where they were not read, what this one did. */
  wishes: StopPauseRequest;
}

/** What a pass saves beside tensors. */
export interface HalfIterationState extends SourceState {
  half: number;
  step: number;
  /** Random states and the source of rows; null where only the step is known (a start from files). */
  streams: {
    noise: Uint8Array;
    pairing: Uint8Array;
    /** The default generator, which dropout draws from. */
    fallback: Uint8Array;
    /** Those of other ranks, by rank. */
    others?: SourceState;
    source: SourceState;
  } | null;
}

export class HalfIteration {
  readonly half: number;
  readonly direction: Direction;
  readonly steps: number;
  readonly source: RowSource;
  readonly optimizer: optim.Adam;
  /** The last losses, the newest last. */
  readonly losses: number[] = [];
  /** Steps done. */
  step = 0;
  readonly #problem: CompleteProblem;
  readonly #run: Recorded;
  readonly #couple: BatchCoupling | null;
  /** The conditions behind the rows of a batch of independent pairs. */
  readonly #conditions: { of: End; which: readonly ConditionKind[] };
  readonly #share: BatchShare;
  readonly #stepTimes: StepTimes | null;
  readonly #buckets: distributed.GradientBuckets | null;
  /** States of the other ranks' default generators, as `gatherRngStates` found them. */
  #others: SourceState | null = null;
  readonly #noise: Generator;
  readonly #pairing: Generator;
  readonly #fallback: Generator;

  constructor({ problem, half, network, optimizer, ema, simulator }: HalfIterationOptions) {
    const { seed, process, data, schedule } = problem;
    const { method, batchCoupling } = problem.method;
    const { ranks } = problem.execution;
    const device = data.x0.device;
    const random = (purpose: string) => stream(seed, `${purpose}/${half}`, device);
    this.#problem = problem;
    this.half = half;
    this.direction = directionOf(problem, half);
    this.steps = half <= schedule.firstIteration ? schedule.firstSteps : schedule.steps;
    this.optimizer = optimizer;
    this.#noise = random("train");
    this.#pairing = random("pairing");
    this.#share = batchShare(problem);
    const isShared = this.#share.among > 1;
    this.#fallback = Generator.default(device).manualSeed(this.#fallbackSeed());
    if (problem.optimisation.renewNetwork && half > 1) {
      using fresh = problem.method.network(this.direction, half);
      nn.copyState(fresh, network);
    }
    this.source = rowSource({
      problem,
      half,
      simulator,
      stepsLeft: () => this.steps - this.step,
    });
    const leaves = network.parameters().filter((p) => p.requiresGrad);
    this.#buckets =
      ranks && isShared
        ? new distributed.GradientBuckets(ranks.data, leaves, ranks.gradients)
        : null;
    const uniform = { uniform: 1, mixed: 0.5, steps: 0 }[schedule.times];
    this.#stepTimes = uniform < 1 ? new StepTimes(schedule.grid, { device, uniform }) : null;
    this.#run = trainingStep({
      problem,
      direction: this.direction,
      network,
      optimizer,
      ema,
      generator: this.#noise,
      stepTimes: this.#stepTimes,
      buckets: this.#buckets,
    });
    const of = conditionsAt(data.conditions, endOf(this.direction))?.of ?? "x0";
    this.#conditions = { of, which: conditionKinds(data) };
    this.#couple =
      method.coupling?.(process) ??
      (half <= schedule.firstPass && method.pairs ? batchCoupling : null);
  }

  /**
   * Ranks that share a batch each drop units of their own; `step` is that after which a rank joins which was not there
   * before.
   */
  #fallbackSeed(step = 0): number {
    const { seed } = this.#problem;
    const own = [this.#stream, step].filter((n) => n > 0);
    return hash32([seed, "default", this.half, ...own].join("/"));
  }

  /**
   * One training step. The gradient's norm is read where it is shouldLog; so are the loss and the other ranks' wishes where
   * reading them would wait for another device (on the processor they are read at every step).
   */
  advance({
    shouldLog = false,
    stop = false,
    pause = false,
  }: { shouldLog?: boolean } & Partial<StopPauseRequest> = {}): Advanced {
    const { data } = this.#problem;
    const { batchSize, repeat, lr, lrSchedule } = this.#problem.optimisation;
    const { ranks } = this.#problem.execution;
    const buckets = this.#buckets;
    const result: Advanced = { loss: null, gradNorm: null, wishes: { stop, pause } };
    const pairs = batchSize / repeat;
    const { part } = this.#share;
    if (lrSchedule === "cosine") this.optimizer.lr = cosine(lr, this.step, this.steps);
    const wishes = [stop ? 1 : 0, pause ? 1 : 0];
    const step = () =>
      tidy(() => {
        let batch = this.source.batch(pairs, part);
        if (this.#couple) batch = this.#coupled(batch);
        const rows = repeatRows(batch, repeat);
        if (buckets) rows.push(tensor(wishes, { dtype: "float32", device: data.x0.device }));
        const [loss, norm, wanted] = this.#run(...rows) as [Tensor, Tensor, Tensor?];
        const read = shouldLog || data.x0.device === "cpu";
        if (read) result.loss = loss.item();
        if (shouldLog) result.gradNorm = norm.item();
        if (read && wanted) {
          const [stops, pauses] = wanted.toNumbers() as [number, number];
          result.wishes = { stop: stops > 0, pause: pauses > 0 };
        }
      });
    if (ranks) ranks.data.run("training step", step);
    else step();
    this.step++;
    if (result.loss !== null) this.losses.push(result.loss);
    if (this.losses.length > 10) this.losses.shift();
    return result;
  }

  /** Whose stream of dropped units this rank's is. */
  get #stream(): number {
    return this.#share.among > 1 ? (this.#problem.execution.ranks?.rank ?? 0) : 0;
  }

  /** The batch paired anew, all of it, whoever has which part: plans of parts would be another method. */
  #coupled(batch: Tensor[]): Tensor[] {
    const { batchSize, repeat } = this.#problem.optimisation;
    const pairs = batchSize / repeat;
    const { part, among } = this.#share;
    const ranks = among > 1 ? this.#problem.execution.ranks : null;
    const counts = Array.from({ length: ranks?.size ?? 1 }, (_, r) => ranks?.part(pairs, r).count);
    const whole = ranks ? batch.map((t) => ranks.gather(t, counts as number[])) : batch;
    const couple = this.#couple as BatchCoupling;
    const paired = asRows(couple(asPairs(whole, this.#conditions), this.#pairing));
    return ranks ? paired.map((t) => t.narrow(0, part.start, part.count)) : paired;
  }

  /** With several ranks, before `save`, on every rank: brings together what only they know. */
  gatherRngStates(): void {
    const { ranks } = this.#problem.execution;
    if (!ranks) return;
    const states = tidy(
      () => ranks.control.allGather(tensor(this.#fallback.getState())).toArray() as Uint8Array,
    );
    const length = states.length / ranks.size;
    this.#others = {};
    for (let r = 1; r < ranks.size; r++)
      this.#others[r] = states.slice(r * length, (r + 1) * length);
  }

  save(): HalfIterationState {
    return {
      half: this.half,
      step: this.step,
      streams: {
        noise: this.#noise.getState(),
        pairing: this.#pairing.getState(),
        fallback: this.#fallback.getState(),
        ...(this.#others && { others: this.#others }),
        source: this.source.save(),
      },
    };
  }

  /** Goes on from a saved state; networks, averages and optimisers are put back by the caller. */
  async *restore({
    step,
    streams,
  }: HalfIterationState): AsyncGenerator<{ done: number; total: number }> {
    this.step = step;
    if (!streams) return;
    yield* this.source.restore(streams.source);
    this.#noise.setState(streams.noise);
    this.#pairing.setState(streams.pairing);
    const own = this.#stream;
    const fallback = own === 0 ? streams.fallback : streams.others?.[own];
    if (fallback) this.#fallback.setState(fallback as Uint8Array);
    else this.#fallback.manualSeed(this.#fallbackSeed(step));
  }

  dispose(): void {
    this.#buckets?.[Symbol.dispose]();
    this.#stepTimes?.dispose();
    this.source.dispose();
  }
}

/** A learning rate that falls to 0 along half a cosine wave (Loshchilov and Hutter 2017, eq. 5, without restarts). */
const cosine = (lr: number, step: number, steps: number): number =>
  (lr / 2) * (1 + Math.cos((Math.PI * step) / steps));

/** The source of a half-iteration's rows. */
function rowSource({
  problem,
  half,
  simulator,
  stepsLeft,
}: Pick<HalfIterationOptions, "problem" | "half" | "simulator"> & {
  stepsLeft: () => number;
}): RowSource {
  const { data, process, seed, schedule } = problem;
  const { decode } = data;
  const { method, firstCoupling, lastNoise } = problem.method;
  const { batchSize, repeat } = problem.optimisation;
  const { cache } = problem.execution;
  const direction = directionOf(problem, half);
  const newest = half <= schedule.firstPass ? null : directionOf(problem, half - 1);
  const matching =
    problem.method.matchConditions && newest === null ? matchConditions(data.conditions) : null;
  const random = (purpose: string) => stream(seed, `${purpose}/${half}`, data.x0.device);
  const simulate = random("simulate");
  const grid = schedule.cacheGrid;
  const ahead = new Prefetcher((d, start, given) => {
    return simulator.startEndpoints(d, start, { grid, generator: simulate, lastNoise, given });
  });
  const rows = (ends: Endpoints, forRows = drawAll): Tensor[] =>
    method.epoch({
      direction,
      newest,
      data: ends,
      process,
      firstCoupling,
      matching,
      generator: simulate,
      forRows,
      simulate: ahead.simulate,
      simulateIncrements: (d, start, given) =>
        simulator.increments(d, d ?? other(direction), start, {
          grid,
          generator: simulate,
          given,
        }),
    });
  // Another network is trained meanwhile, on threads that leave some to the simulation.
  const isBeside =
    canRunAhead(problem) &&
    newest !== null &&
    newest !== direction &&
    getNumThreads() < problem.execution.simulateThreads;
  if (cache === null)
    return new TableRows({
      data,
      epoch: (some) => rows(some),
      batchSize: batchSize / repeat,
      simulate,
      shuffle: random("shuffle"),
      ahead: isBeside ? ahead : null,
      stepsLeft,
      choose: method.sampler || matching ? null : () => random("last"),
    });
  // Indices into tables and files are drawn on the CPU.
  const [shuffle, shuffle1] = [`shuffle/${half}`, `shuffle1/${half}`].map((purpose) =>
    stream(seed, purpose),
  ) as [Generator, Generator];
  if (newest === null)
    return new StreamRows({
      data,
      decode,
      rows,
      simulate,
      shuffle: { x0: shuffle, x1: shuffle1 },
      matching,
    });
  return new CacheRows({
    ...cache,
    name: `${half}_${newest}`,
    data,
    decode,
    pairs: rows,
    simulated: newest === "f" ? 1 : 0,
    rowsPerStart: method.sampler?.rowsPerRun ?? 1,
    beside: [...(method.sampler ? ["step"] : []), ...conditionKinds(data)],
    simulate,
    shuffle,
    ranks: problem.execution.ranks,
  });
}

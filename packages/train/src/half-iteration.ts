// One half-iteration while it runs: its optimiser, random streams, source of rows and recorded step, and all that is
// needed to restore it.
import {
  type Batch,
  type BatchCoupling,
  besideKnown,
  conditionsAt,
  copyNoiseShare,
  type Direction,
  type End,
  endOf,
  gathered,
  hash32,
  mapBatch,
  type Network,
  type Pairs,
  stream,
  tensorsOf,
  unmarked,
  withinGroups,
  withinIntervals,
} from "@dsbm/bridge";
import {
  arange,
  type distributed,
  Generator,
  nn,
  noGrad,
  type optim,
  tensor,
  tidy,
} from "@dsbm/torch";
import type { StopPauseRequest } from "./distributed/agreement.js";
import { type BatchShare, batchShare } from "./distributed/batch-share.js";
import { type CompleteProblem, directionOf } from "./problem.js";
import { PooledRows } from "./rows/pooled.js";
import {
  cutRows,
  type Progress,
  type RowSource,
  repeatRows,
  type SourceState,
} from "./rows/rows.js";
import { rowSource, type SourceOptions } from "./rows/source.js";
import { beginNetwork, simulatedMoments } from "./state/begin.js";
import type { RecordedBatch } from "./step/recorded-batch.js";
import { measureStepNoise } from "./step/step-noise.js";
import { StepTimes } from "./step/time-sampling.js";
import { trainingStep } from "./step/training-step.js";

export interface HalfIterationOptions extends Omit<SourceOptions, "stepsLeft"> {
  network: Network;
  /** null for a method that is fitted in closed form. */
  optimizer: optim.Adam | null;
  ema: optim.EMA | null;
  /** Steps, where they are not those of the schedule. */
  steps?: number | undefined;
}

/** The result of a step. */
export interface Advanced {
  loss: number | null;
  gradNorm: number | null;
  /** What some rank wanted; where it was not read, what this one did. */
  request: StopPauseRequest;
}

/** What a half-iteration saves beside tensors. */
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
    /** Where the number of steps was changed last; left out where it was not. */
    resized?: Resized;
  } | null;
}

/** The step at which a half-iteration got another number of steps, and its progress, from 0 to 1, there. */
type Resized = { step: number; progress: number };

/** A learning rate that falls to 0 along half a cosine wave (Loshchilov and Hutter 2017, eq. 5, without restarts). */
const cosine = (lr: number, progress: number): number =>
  (lr / 2) * (1 + Math.cos(Math.PI * progress));

/** Batches that are paired together. */
function batchesOfPool({ data, method, optimisation }: CompleteProblem): number {
  const rows = Math.min(method.couplingRows ?? 0, data.x0.size(0), data.x1.size(0));
  return Math.max(1, Math.floor((rows * optimisation.repeat) / optimisation.batchSize));
}

export class HalfIteration {
  readonly half: number;
  readonly direction: Direction;
  readonly source: RowSource;
  readonly optimizer: optim.Adam | null;
  /** The last losses, the newest last. */
  readonly losses: number[] = [];
  /** Steps done. */
  step = 0;
  #steps: number;
  #resized: Resized = { step: 0, progress: 0 };
  readonly #problem: CompleteProblem;
  readonly #network: Network;
  /** The recorded step; null for a closed form. */
  readonly #run: RecordedBatch | null;
  readonly #couple: BatchCoupling | null;
  /** The end whose conditions a batch of independent pairs has. */
  readonly #conditionsOf: End;
  readonly #share: BatchShare;
  readonly #stepTimes: StepTimes | null;
  readonly #buckets: distributed.GradientBuckets | null;
  /** The rows of the last step, where they are used once more. */
  #last: Batch | null = null;
  /** States of the other ranks' default generators, as `gatherRngStates` found them. */
  #others: SourceState | null = null;
  readonly #moments: ReturnType<typeof simulatedMoments>;
  readonly #noise: Generator;
  readonly #pairing: Generator;
  readonly #fallback: Generator;

  constructor({ network, optimizer, ema, steps: given, ...options }: HalfIterationOptions) {
    const { problem, half } = options;
    const { seed, process, data, schedule } = problem;
    const { method, batchCoupling } = problem.method;
    const device = data.x0.device;
    const random = (purpose: string) => stream(seed, `${purpose}/${half}`, device);
    this.#problem = problem;
    this.#network = network;
    this.half = half;
    this.direction = directionOf(problem, half);
    const steps = half <= schedule.firstIteration ? schedule.firstSteps : schedule.steps;
    this.#steps = method.model?.fit ? 1 : (given ?? steps);
    this.optimizer = optimizer;
    this.#noise = random("train");
    this.#pairing = random("pairing");
    this.#share = batchShare(problem);
    this.#fallback = Generator.default(device).manualSeed(this.#fallbackSeed());
    if (problem.optimisation.renewNetwork && half > 1) {
      using fresh = problem.method.network(this.direction, half);
      beginNetwork(problem, this.direction, fresh);
      copyNoiseShare(network, fresh);
      nn.copyState(fresh, network);
    }
    const leaves = network.parameters().filter((p) => p.requiresGrad);
    this.#buckets =
      this.#share.among > 1 && optimizer ? problem.execution.ranks.gradientBuckets(leaves) : null;
    const uniform = { uniform: 1, mixed: 0.5, steps: 0 }[schedule.times];
    this.#stepTimes = uniform < 1 ? new StepTimes(schedule.grid, { device, uniform }) : null;
    this.#run =
      optimizer &&
      trainingStep({
        ...{ problem, direction: this.direction, network, optimizer, ema },
        generator: this.#noise,
        stepTimes: this.#stepTimes,
        buckets: this.#buckets,
      });
    this.#conditionsOf = conditionsAt(data.conditions, endOf(this.direction))?.of ?? "x0";
    const couple = method.rows?.coupling
      ? (batchCoupling ?? method.rows.coupling(process))
      : half <= schedule.firstPass && method.rows?.pairs
        ? batchCoupling
        : null;
    const grouped = problem.method.matchConditions
      ? withinGroups
      : data.chain
        ? withinIntervals
        : null;
    const paired = couple && grouped ? grouped(couple) : couple;
    const batches = paired ? batchesOfPool(problem) : 1;
    this.#moments = half > schedule.firstPass ? simulatedMoments(problem) : null;
    const source = rowSource({
      ...options,
      moments: this.#moments,
      batches,
      stepsLeft: () => Math.ceil((this.steps - this.step) / batches),
    });
    this.#couple = batches > 1 ? null : paired;
    this.source =
      paired && batches > 1
        ? new PooledRows({
            ...{ source, couple: paired, pairing: this.#pairing },
            ...{ rows: batches * this.#share.pairs, conditionsOf: this.#conditionsOf },
          })
        : source;
  }

  get steps(): number {
    return this.#steps;
  }

  /** Changes the number of steps between two steps; the learning rate goes on from where it is, and ends as it would. */
  resize(steps: number): void {
    if (steps === this.#steps) return;
    this.#resized = { step: this.step, progress: this.#progress };
    this.#steps = Math.max(steps, this.step);
  }

  /** From 0 to 1. */
  get #progress(): number {
    const { step, progress } = this.#resized;
    return progress + ((1 - progress) * (this.step - step)) / Math.max(1, this.#steps - step);
  }

  /** The learning rate of the next step. */
  get #rate(): number {
    const { lr, lrSchedule, lrWarmup } = this.#problem.optimisation;
    const fallen = lrSchedule === "cosine" ? cosine(lr, this.#progress) : lr;
    return this.step < lrWarmup ? fallen * ((this.step + 1) / lrWarmup) : fallen;
  }

  /**
   * Ranks that share a batch each drop units of their own; `step` is the step after which a new rank joins.
   */
  #fallbackSeed(step = 0): number {
    const { seed } = this.#problem;
    const own = [this.#stream, step].filter((n) => n > 0);
    return hash32([seed, "default", this.half, ...own].join("/"));
  }

  /**
   * One training step. The gradient's norm is read where `shouldLog`; so are the loss and the other ranks' requests where
   * reading them would wait for another device (on the processor they are read at every step).
   */
  advance({ stop, pause }: StopPauseRequest, { shouldLog = false } = {}): Advanced {
    const { lrSchedule, lrWarmup, repeat } = this.#problem.optimisation;
    const result: Advanced = { loss: null, gradNorm: null, request: { stop, pause } };
    if (this.optimizer && (lrSchedule === "cosine" || this.step < lrWarmup + 1))
      this.optimizer.lr = this.#rate;
    const { device } = this.#problem.data.x0;
    const step = () =>
      tidy(() => {
        if (!this.#run) {
          result.loss = this.#fit();
          return;
        }
        const batch = this.#batch();
        if (this.step + 1 >= this.#steps) this.#keep(batch);
        const sent = this.#buckets
          ? [tensor([stop ? 1 : 0, pause ? 1 : 0], { dtype: "float32", device })]
          : [];
        const [loss, norm, wanted] = this.#run(repeatRows(batch, repeat), ...sent);
        const isRead = shouldLog || device === "cpu";
        if (isRead) result.loss = loss?.item() ?? null;
        if (shouldLog) result.gradNorm = norm?.item() ?? null;
        if (isRead && wanted) {
          const [stops, pauses] = wanted.toNumbers() as [number, number];
          result.request = { stop: stops > 0, pause: pauses > 0 };
        }
      });
    this.#problem.execution.ranks.run("training step", step);
    this.step++;
    if (result.loss !== null) this.losses.push(result.loss);
    if (this.losses.length > 10) this.losses.shift();
    return result;
  }

  /** The next rows. */
  #batch(): Batch {
    const batch = this.source.batch(this.#share.pairs, this.#share.part);
    return unmarked(this.#couple ? this.#coupled(batch as Pairs) : batch);
  }

  #keep(batch: Batch): void {
    if (this.#problem.method.stepVariance !== "analytic") return;
    this.#forget();
    this.#last = mapBatch(batch, (t) => t.detach().clone().keep());
  }

  #forget(): void {
    for (const t of this.#last ? tensorsOf(this.#last) : []) t.dispose();
    this.#last = null;
  }

  /** After the last step: the noise of steps along the learnt drift, in the networks that train and sample. Every rank calls it. */
  measureNoise(sampler: Network): void {
    const last = this.#last;
    if (!last) return;
    const next = (count: number) => (this.source.due(this.step + count) ? null : this.#batch());
    measureStepNoise(this.#problem, {
      ...{ sampler, last, next, share: this.#share, half: this.half, direction: this.direction },
    });
    copyNoiseShare(sampler, this.#network);
    this.#forget();
  }

  /** Fits a closed form to the decoded tables. */
  #fit(): number {
    const { data, process, method } = this.#problem;
    const { direction } = this;
    const { decode } = data;
    const all = (end: End) =>
      arange(0, data[end].size(0), { dtype: "int64", device: data[end].device });
    const whole = gathered(data, all, { decode, generator: this.#noise });
    const network = this.#network;
    return noGrad(
      () => method.method.model?.fit?.({ network, direction, data: whole, process }) ?? Number.NaN,
    );
  }

  /** Whose stream of dropped units this rank's is. */
  get #stream(): number {
    return this.#share.among > 1 ? this.#problem.execution.ranks.rank : 0;
  }

  /** The batch paired anew, as a whole even where ranks share it: plans of parts would be another method. */
  #coupled(batch: Pairs): Batch {
    const { part, pairs, among } = this.#share;
    const { ranks } = this.#problem.execution;
    const couple = besideKnown(this.#couple as BatchCoupling);
    if (among === 1) return couple(batch, this.#pairing, this.#conditionsOf);
    const counts = Array.from({ length: among }, (_, r) => ranks.part(pairs, r).count);
    const whole = mapBatch(batch, (t) => ranks.gather(t, counts));
    return cutRows(couple(whole, this.#pairing, this.#conditionsOf), part);
  }

  /** Before `save`, on every rank: gathers the states that only they have. */
  gatherRngStates(): void {
    const states = this.#problem.execution.ranks.gatherBytes(this.#fallback.getState());
    const others = states.slice(1).map((state, i) => [i + 1, state] as const);
    this.#others = others.length > 0 ? Object.fromEntries(others) : null;
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
        ...(this.#resized.step > 0 && { resized: { ...this.#resized } }),
      },
    };
  }

  /** Goes on from a saved state; networks, averages and optimisers are restored by the caller. */
  async *restore({ step, streams }: HalfIterationState): AsyncGenerator<Progress> {
    this.step = step;
    if (!streams) return;
    if (streams.resized) this.#resized = { ...streams.resized };
    yield* this.source.restore(streams.source);
    this.#noise.setState(streams.noise);
    this.#pairing.setState(streams.pairing);
    const own = this.#stream;
    const fallback = own === 0 ? streams.fallback : streams.others?.[own];
    if (fallback) this.#fallback.setState(fallback as Uint8Array);
    else this.#fallback.manualSeed(this.#fallbackSeed(step));
  }

  dispose(): void {
    this.#forget();
    this.#buckets?.[Symbol.dispose]();
    this.#stepTimes?.dispose();
    this.source.dispose();
    for (const t of Object.values(this.#moments ?? {})) t.dispose();
  }
}

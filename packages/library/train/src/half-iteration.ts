// A half-iteration: training steps of one direction on rows of one source.
import {
  copyNoiseShare,
  type Direction,
  type Endpoint,
  gatherEndpoints,
  type Network,
  type RecordedBatch,
} from "@dsbm/bridge";
import { arange, nn, noGrad, type optim, tensor, tidy } from "@dsbm/torch";
import { Batches } from "./batches.js";
import type { Ranks } from "./distributed/ranks.js";
import { type CompleteProblem, directionOf } from "./problem.js";
import {
  type BatchSource,
  type PairProgress,
  repeatRows,
  type SourceState,
} from "./rows/batch-source.js";
import type { SourceOptions } from "./rows/source.js";
import { beginNetwork } from "./state/begin-network.js";
import { StepNoise } from "./step/step-noise.js";
import type { StopPauseRequest } from "./step/step-requests.js";
import { type Resized, StepSchedule } from "./step/step-schedule.js";
import { type StepStates, StepStreams } from "./step/step-streams.js";
import { StepTimes } from "./step/step-times.js";
import { trainingStep } from "./step/training-step.js";

interface HalfIterationOptions
  extends Pick<SourceOptions, "problem" | "half" | "sampler" | "refresh"> {
  network: Network;
  /** null for a method that is fitted in closed form. */
  optimizer: optim.Adam | null;
  ema: optim.EMA | null;
  /** Training steps. */
  steps: number;
}

interface StepResult {
  loss: number | null;
  gradNorm: number | null;
  /** The decision of all ranks, or this rank's own request if it was not read. */
  request: StopPauseRequest;
}

/** The state of a half-iteration in progress, for JSON and tensors. */
export interface HalfIterationState extends SourceState {
  half: number;
  step: number;
  /** Null if only the step is known (a start from files). */
  streams: (StepStates & { source: SourceState; resized?: Resized }) | null;
}

/** One half-iteration while it runs: its steps, batches, streams and noise. */
export class HalfIteration {
  /** Its number, counted from 1. */
  readonly half: number;
  /** The direction in training. */
  readonly direction: Direction;
  /** null for a method that is fitted in closed form. */
  readonly optimizer: optim.Adam | null;
  /** The last losses, the newest last. */
  readonly losses: number[] = [];
  readonly #problem: CompleteProblem;
  readonly #network: Network;
  readonly #schedule: StepSchedule;
  readonly #streams: StepStreams;
  readonly #batches: Batches;
  readonly #noise: StepNoise;
  readonly #stepTimes: StepTimes | null;
  readonly #sharing: Ranks | null;
  readonly #run: RecordedBatch | null;

  constructor({ network, optimizer, ema, steps, ...options }: HalfIterationOptions) {
    const { problem, half } = options;
    const { method, schedule, optimisation, execution, data } = problem;
    this.#problem = problem;
    this.#network = network;
    this.half = half;
    this.direction = directionOf(problem, half);
    this.optimizer = optimizer;
    this.#schedule = new StepSchedule(method.method.model?.fit ? 1 : steps, optimisation);
    this.#streams = new StepStreams(problem, half);
    if (optimisation.renewNetwork && half > 1) this.#renewNetwork();
    this.#batches = new Batches({
      ...options,
      pairing: this.#streams.pairing,
      stepsLeft: () => this.steps - this.step,
    });
    this.#sharing = this.#batches.share.among > 1 && optimizer ? execution.ranks : null;
    const uniform = { uniform: 1, mixed: 0.5, steps: 0 }[schedule.times];
    const { device } = data.x0;
    this.#stepTimes = uniform < 1 ? new StepTimes(schedule.grid, { device, uniform }) : null;
    this.#run =
      optimizer &&
      trainingStep({
        problem,
        direction: this.direction,
        network,
        optimizer,
        ema,
        generator: this.#streams.noise,
        stepTimes: this.#stepTimes,
        ranks: this.#sharing,
      });
    this.#noise = new StepNoise(problem, half, this.direction);
  }

  #renewNetwork(): void {
    using renewed = this.#problem.method.network(this.direction, this.half);
    beginNetwork(this.#problem, this.direction, renewed);
    copyNoiseShare(this.#network, renewed);
    nn.copyState(renewed, this.#network);
  }

  /** The source of its rows. */
  get source(): BatchSource {
    return this.#batches.source;
  }
  /** Finished steps. */
  get step(): number {
    return this.#schedule.step;
  }
  /** All steps. */
  get steps(): number {
    return this.#schedule.steps;
  }
  /** The newest loss; NaN before the first step. */
  get loss(): number {
    return this.losses.at(-1) ?? Number.NaN;
  }

  /** Changes the number of steps; finished steps stay. */
  resize(steps: number): void {
    this.#schedule.resize(steps);
  }

  /**
   * One training step. The gradient's norm is read if `shouldLog`. The loss and the other ranks' requests are read at
   * every step on the processor, and if `shouldLog` on another device, which reading waits for.
   */
  advance({ stop, pause }: StopPauseRequest, { shouldLog = false } = {}): StepResult {
    const rate = this.#schedule.nextRate;
    if (this.optimizer && rate !== null) this.optimizer.lr = rate;
    let result: StepResult = { loss: null, gradNorm: null, request: { stop, pause } };
    this.#problem.execution.ranks.run("training step", () =>
      tidy(() => {
        if (this.#run) result = this.#train(this.#run, result.request, shouldLog);
        else result.loss = this.#fit();
      }),
    );
    this.#schedule.step++;
    if (result.loss !== null) this.losses.push(result.loss);
    if (this.losses.length > 10) this.losses.shift();
    return result;
  }

  #train(run: RecordedBatch, request: StopPauseRequest, shouldLog: boolean): StepResult {
    const { device } = this.#problem.data.x0;
    const batch = this.#batches.next();
    if (this.step + 1 >= this.steps) this.#noise.keep(batch);
    const { stop, pause } = request;
    const requests = this.#sharing
      ? [tensor([stop ? 1 : 0, pause ? 1 : 0], { dtype: "float32", device })]
      : [];
    const rows = repeatRows(batch, this.#problem.optimisation.repeat);
    const [loss, norm, means] = run(rows, ...requests);
    if (!shouldLog && device !== "cpu") return { loss: null, gradNorm: null, request };
    const [stops = 0, pauses = 0] = (means?.toNumbers() ?? []) as number[];
    return {
      loss: loss?.item() ?? null,
      gradNorm: shouldLog ? (norm?.item() ?? null) : null,
      request: means ? { stop: stops > 0, pause: pauses > 0 } : request,
    };
  }

  #fit(): number {
    const { data, process, method } = this.#problem;
    const all = (end: Endpoint) =>
      arange(0, data[end].size(0), { dtype: "int64", device: data[end].device });
    const generator = this.#streams.noise;
    const whole = gatherEndpoints(data, all, { decode: data.decode, generator });
    const facts = { network: this.#network, direction: this.direction, data: whole, process };
    return noGrad(() => method.method.model?.fit?.(facts) ?? Number.NaN);
  }

  /** After the last step, on every rank: measures the noise of simulated steps, for the networks that train and sample. */
  measureNoise(sampler: Network): void {
    const next = (count: number) =>
      this.source.due?.(this.step + count) ? null : this.#batches.next();
    if (this.#noise.measure(sampler, next)) copyNoiseShare(sampler, this.#network);
  }

  /** Before `save`, on every rank: gathers the states that only they have. */
  gatherRngStates(): void {
    this.#streams.gather();
  }

  /** The state for `restore`. */
  save(): HalfIterationState {
    const { resized } = this.#schedule;
    return {
      half: this.half,
      step: this.step,
      streams: {
        ...this.#streams.save(),
        source: this.source.save(),
        ...(resized && { resized }),
      },
    };
  }

  /** Continues from a saved state; networks, averages and optimisers are restored by the caller. */
  async *restore({ step, streams }: HalfIterationState): AsyncGenerator<PairProgress> {
    this.#schedule.restore(step, streams?.resized);
    if (!streams) return;
    yield* this.source.restore(streams.source);
    this.#streams.restore(streams, step);
  }

  /** Frees batches, times and noise; networks and optimisers belong to the caller. */
  dispose(): void {
    this.#noise.dispose();
    this.#stepTimes?.dispose();
    this.#batches.dispose();
  }
}

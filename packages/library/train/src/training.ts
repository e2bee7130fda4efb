// The driver of a training yields events; the listener writes, shows and stops.
import type { Direction } from "@dsbm/bridge";
import type { Tensor } from "@dsbm/torch";
import { beginHalfIteration } from "./begin-half-iteration.js";
import { completeProblem } from "./complete-problem.js";
import type { TrainEvent } from "./events.js";
import type { HalfIteration } from "./half-iteration.js";
import { MainRank } from "./main-rank.js";
import { bridgeFacts, type CompleteProblem, directionOf, type Problem } from "./problem.js";
import { makeRows, runSteps } from "./run-steps.js";
import { type Sampler, samplerOf } from "./sampler/sampler.js";
import { SamplerCopy, samplesItself } from "./sampler/sampler-copy.js";
import {
  copyTraining,
  putTensors,
  type SavedHalf,
  type SavedTraining,
  saveTraining,
} from "./state/saved-training.js";
import {
  directionsOf,
  disposeState,
  initialState,
  keepOptimizers,
  resetSamplers,
  type TrainState,
} from "./state/state.js";
import { planSteps, type StepPlan } from "./step/step-plan.js";
import { stepRequests } from "./step/step-requests.js";

interface Control {
  signal?: AbortSignal | undefined;
  pauseAt?: (at: { half: number; step: number; steps: number }) => boolean;
}

/**
 * Trains a bridge: half-iterations, caches of pairs, averages of weights and checkpoints.
 * @example
 * const training = new Training({
 *   data: { x0, x1 }, // [n, d] and [m, d]
 *   process: brownian({ sigma: 1 }),
 *   method: { method: methods.dsbm, network: () => new ScoreNetwork(2) },
 *   schedule: { grid: uniformGrid(20), halfIterations: 4, steps: 2000 },
 * });
 * for await (const event of training.run()) if (event.type === "step") console.log(event.loss);
 */
export class Training {
  /** The problem with all defaults. */
  readonly problem: CompleteProblem;
  /** Networks, averages and optimisers. */
  readonly state: TrainState;
  /** Samples with the present weights, or their average. */
  readonly sampler: Sampler;
  #plan: StepPlan | null = null;
  #savedPlan: Partial<StepPlan> = {};
  #current: HalfIteration | null = null;
  /** Steps of half-iterations that differ from the schedule. */
  #steps: Record<string, number> = {};
  readonly #mainRank: MainRank;
  readonly #ownSampler = new SamplerCopy();
  #saved: SavedHalf | null = null;

  /**
   * Builds networks with their initial weights.
   * @throws {BridgeError} for a problem that makes no sense.
   */
  constructor(problem: Problem) {
    this.problem = completeProblem(problem);
    const { simulateThreads, simulateDtype, chunkRows, ranks } = this.problem.execution;
    this.state = initialState(this.problem);
    this.#mainRank = new MainRank(ranks, {
      save: () => this.save(),
      restore: (saved) => this.restore(saved),
      changedSteps: () => this.#steps,
      setSteps: (half, steps) => this.setSteps(half, steps),
    });
    const facts = bridgeFacts(this.problem);
    this.sampler = samplerOf(facts, this.state.samplers, {
      chunkRows,
      ranks,
      threads: simulateThreads,
      dtype: simulateDtype,
    });
  }

  /**
   * Runs the remaining half-iterations. Signals and timers get their turn about every 50 ms. After
   * `signal` was aborted the run ends with a `stopped` event after the step (or within a cache, to
   * be made again later). `pauseAt` asks for a `pause` event after a step. Every rank calls `run`
   * and gets the same events: a signal to any rank stops all, and rank 0 alone decides on pauses,
   * some 50 ms ahead if each rank trains on whole batches.
   */
  async *run({ signal, pauseAt = () => false }: Control = {}): AsyncGenerator<TrainEvent> {
    if (!(await this.#mainRank.shareState())) return;
    const { schedule, execution } = this.problem;
    while (this.state.half < schedule.halfIterations) {
      if (execution.ranks.size === 1 && signal?.aborted) return;
      if (!(yield* this.#half(this.state.half + 1, { signal, pauseAt }))) return;
    }
  }

  /**
   * Call on every rank, outside `run` or at a `pause` or `half` event: rank 0 works, and the others
   * wait. Returns rank 0's result, of JSON, on every rank; null on the others if rank 0 has left.
   */
  onMain<T>(work: () => T | Promise<T>): Promise<T | null> {
    return this.#mainRank.run(work);
  }

  async *#pause(event: TrainEvent): AsyncGenerator<TrainEvent> {
    const { direction } = event;
    this.#current?.gatherRngStates();
    this.problem.execution.ranks.assertInSync(this.state.networks[direction].parameters());
    this.#ownSampler.dispose();
    if (this.#samplesItself()) this.#ownSampler.copyWeights(this.state.samplers[direction]);
    this.#refreshSampler(direction);
    yield event;
    this.#ownSampler.putBack(this.state.samplers[direction]);
  }

  /**
   * Changes the steps of a half-iteration, in `onMain` or before the run; finished steps stay.
   * Saved states include the change.
   */
  setSteps(half: number, steps: number): void {
    this.#steps[half] = steps;
    if (this.#current?.half === half) this.#current.resize(steps);
  }

  /** Training steps of a half-iteration, counted from 1. */
  stepsOf(half: number): number {
    const { firstIteration, firstSteps, steps } = this.problem.schedule;
    return this.#steps[half] ?? (half <= firstIteration ? firstSteps : steps);
  }

  #samplesItself(): boolean {
    const current = this.#current;
    return current !== null && this.state.emas !== null && samplesItself(this.problem, current);
  }

  /** After `restore`: ends the half-iteration in progress; returns false if there is none. */
  skipHalf(): boolean {
    const saved = this.#saved;
    if (!saved) return false;
    this.#put(saved.whole.tensors);
    for (const t of saved.whole.tensors.values()) t.dispose();
    this.#saved = null;
    this.#refreshSampler(directionOf(this.problem, saved.pass.half));
    this.state.half = saved.pass.half;
    return true;
  }

  /** Makes the optimisers of a method that keeps them, for a state that is restored into them. */
  keepOptimizers(): void {
    keepOptimizers(this.problem, this.state);
  }

  #refreshSampler(direction: Direction): void {
    this.state.emas?.[direction].copyTo(this.state.samplers[direction]);
  }

  async *#resume(
    current: HalfIteration,
    signal?: AbortSignal,
  ): AsyncGenerator<TrainEvent, boolean> {
    const saved = this.#saved;
    if (!saved) return true;
    this.#saved = null;
    this.#put(saved.whole.tensors);
    const { ranks } = this.problem.execution;
    if (!(yield* makeRows(current, current.restore(saved.pass), { ranks, signal }))) {
      // No work since the state was read: it is still current.
      this.#saved = saved;
      const { half, direction, steps } = current;
      yield { type: "stopped", half, direction, step: saved.pass.step, steps };
      return false;
    }
    current.losses.push(...saved.whole.facts.losses);
    for (const t of saved.whole.tensors.values()) t.dispose();
    return true;
  }

  async *#half(
    half: number,
    { signal, pauseAt }: Control & Required<Pick<Control, "pauseAt">>,
  ): AsyncGenerator<TrainEvent, boolean> {
    const { logEvery, ranks } = this.problem.execution;
    const began = performance.now();
    const direction = directionOf(this.problem, half);
    const parameters = this.state.networks[direction].parameterCount();
    this.#plan ??= planSteps(this.problem, parameters, this.#savedPlan);
    const { threads, sharesBatch } = this.#plan;
    const current = beginHalfIteration(this.problem, this.state, {
      half,
      sharesBatch,
      isContinued: this.#saved !== null,
      sampler: this.sampler,
      steps: this.stepsOf(half),
      refresh: () => this.#refreshSampler(direction),
    });
    this.#current = current;
    const steps = () => current.steps;
    const requests = stepRequests(ranks, {
      steps,
      sharesBatch: sharesBatch ?? true,
      isAborted: () => signal?.aborted === true,
      pauseAt: (step) => step < steps() && pauseAt({ half, step, steps: steps() }),
    });
    const pause = (event: TrainEvent) => this.#pause(event);
    try {
      yield { type: "start", half, direction, threads, sharesBatch };
      if (!(yield* this.#resume(current, signal))) return false;
      if (!(yield* runSteps(current, { ranks, signal, logEvery, requests, pause }))) return false;
      this.#refreshSampler(direction);
      current.measureNoise(this.state.samplers[direction]);
      this.state.half = half;
      this.#end();
      const seconds = (performance.now() - began) / 1000;
      yield* pause({ type: "half", half, direction, seconds, loss: current.loss });
      return true;
    } finally {
      this.#end();
    }
  }

  #end(): void {
    const current = this.#current;
    if (!current) return;
    this.#current = null;
    if (this.state.half === current.half) current.source.remove?.();
    current.dispose();
    if (this.state.optimizers[current.direction] !== current.optimizer)
      current.optimizer?.dispose();
  }

  /**
   * The state for resuming, at a `pause`, `stopped` or `half` event or before the run: tensors by name (not copies) and
   * facts for JSON.
   * @throws {BridgeError} if a weight is NaN or infinite.
   */
  save(): SavedTraining {
    if (this.#saved) return this.#saved.whole;
    const pass = this.#current;
    return saveTraining(this.problem, this.state, {
      pass,
      standing:
        pass && this.#samplesItself()
          ? (this.#ownSampler.tensors ?? this.state.samplers[pass.direction].stateDict())
          : null,
      plan: this.#plan ?? this.#savedPlan,
      steps: this.#steps,
    });
  }

  /**
   * Restores a saved state, before `run`, by copies of its tensors.
   * @throws {TorchError} if names or shapes do not fit.
   */
  restore(saved: SavedTraining): void {
    const { pass, whole } = copyTraining(saved);
    const { tensors, facts } = whole;
    this.keepOptimizers();
    this.#put(tensors);
    resetSamplers(this.state);
    this.state.half = facts.half;
    const { threads, sharesBatch } = facts;
    this.#savedPlan = {
      ...(threads !== null && { threads }),
      ...(sharesBatch != null && { sharesBatch }),
    };
    this.#plan = null;
    this.#steps = { ...facts.steps };
    if (pass) this.#saved = { pass, whole };
    else for (const t of tensors.values()) t.dispose();
  }

  #put(tensors: ReadonlyMap<string, Tensor>): void {
    putTensors(this.state, directionsOf(this.problem), { tensors, pass: this.#current });
  }

  /** Frees networks, averages and optimisers. */
  dispose(): void {
    disposeState(this.state);
    this.sampler.reset();
    this.#ownSampler.dispose();
    this.#end();
    for (const t of this.#saved?.whole.tensors.values() ?? []) t.dispose();
    this.#saved = null;
  }
}

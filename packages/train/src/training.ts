// The driver: half-iteration after half-iteration, each a source of rows and steps on them. It yields what happens as
// events; writing, showing and stopping are left to the listener.
import { argumentError, type Direction } from "@dsbm/bridge";
import { type Tensor, tidy } from "@dsbm/torch";
import { stepRequests } from "./distributed/agreement.js";
import { type Command, kindOf, type TensorKind } from "./distributed/ranks.js";
import type { TrainEvent } from "./events.js";
import { HalfIteration, type HalfIterationState } from "./half-iteration.js";
import { type CompleteProblem, complete, directionOf, type Problem } from "./problem.js";
import { lastOf, made, runSteps } from "./run-steps.js";
import { Sampler } from "./sampler/sampler.js";
import {
  checkFinite,
  directionsOf,
  disposeState,
  fromJsonState,
  initialState,
  keepOptimizers,
  newOptimizer,
  putTensors,
  resetSamplers,
  type SavedFacts,
  type SavedTraining,
  type TrainState,
  tensorsOf,
  toJsonState,
} from "./state/state.js";
import { castOf } from "./step/in-dtype.js";
import { StepPlan } from "./tune/plan.js";

interface Control {
  signal?: AbortSignal | undefined;
  pauseAt?: (at: { half: number; step: number; steps: number }) => boolean;
}

/** Training of one problem: state, sampler, and the loop over half-iterations. */
export class Training {
  readonly problem: CompleteProblem;
  readonly state: TrainState;
  readonly sampler: Sampler;
  readonly #plan: StepPlan;
  #current: HalfIteration | null = null;
  /** Steps of half-iterations that are not those of the schedule. */
  #steps: Record<string, number> = {};
  /** With several ranks: whether all have the state of rank 0, and whether it ended their work. */
  #isShared = false;
  #isOver = false;
  #failure: string | null = null;
  /** The weights that make the rows of the current half-iteration, while others are being evaluated. */
  #ownSampler: Map<string, Tensor> | null = null;
  /** A state to be restored into the next half-iteration as it begins. */
  #saved: { pass: HalfIterationState; tensors: Map<string, Tensor>; whole: SavedTraining } | null =
    null;

  /** Builds networks with their initial weights. Throws a BridgeError for a problem that makes no sense. */
  constructor(problem: Problem) {
    this.problem = complete(problem);
    const { process, schedule, execution } = this.problem;
    const { method, parametrisation, stepVariance } = this.problem.method;
    const { simulateThreads, chunkRows, ranks } = execution;
    this.#plan = new StepPlan(this.problem);
    this.state = initialState(this.problem);
    this.sampler = new Sampler({
      ...{ method, process, parametrisation, stepVariance, chunkRows, ranks },
      chain: this.problem.data.chain,
      networks: this.state.samplers,
      grid: schedule.grid,
      eps: schedule.eps ?? (method.eps || undefined),
      threads: simulateThreads,
      dtype: () => castOf(this.#plan.problem.execution.simulateDtype),
    });
    this.sampler.workersWaiting = this.#isMainOfSeveral;
  }

  get #ranks() {
    return this.problem.execution.ranks;
  }

  get #isMainOfSeveral(): boolean {
    return this.#ranks.size > 1 && this.#ranks.isMain;
  }

  /**
   * Runs the half-iterations that are left. Signals and timers get their turn about every 50 ms; after `signal`
   * was aborted the run ends with a `stopped` event at the next step boundary (or within a cache, which is made
   * again later). `pauseAt` asks for a `pause` event at the boundary after a step; ranks that each train on whole
   * batches call it, and look at `signal`, some 50 ms ahead. With several ranks rank 0 calls it and the others
   * `runWorker` until it dismisses them (`Ranks.dismiss`); a signal to any of them stops all.
   */
  async *run({ signal, pauseAt = () => false }: Control = {}): AsyncGenerator<TrainEvent> {
    if (!this.#isShared) this.share();
    this.#broadcast({ kind: "run", steps: this.#steps });
    try {
      yield* this.#halves({ signal, pauseAt });
    } finally {
      this.sampler.workersWaiting = this.#isMainOfSeveral;
    }
  }

  async *#halves(
    control: Control & Required<Pick<Control, "pauseAt">>,
  ): AsyncGenerator<TrainEvent> {
    const { halfIterations } = this.problem.schedule;
    while (this.state.half < halfIterations && !this.#isOver) {
      if (this.#ranks.size === 1 && control.signal?.aborted) return;
      if (!(yield* this.#half(this.state.half + 1, control))) return;
    }
  }

  /**
   * As a rank that is not 0: does its part of what rank 0 does until that is over. `signal` asks for a stop.
   * Gives the reason where rank 0 failed by itself. Throws a DistributedError where a rank is gone.
   */
  async runWorker({ signal }: Pick<Control, "signal"> = {}): Promise<string | null> {
    for (;;) {
      const command = await this.#handleCommands("run");
      if (command.kind === "over") return (command.failed as string | undefined) ?? null;
      this.#takeSteps(command);
      const events = this.#halves({ signal, pauseAt: () => false });
      for await (const event of events) void event;
      if (this.#isOver) return this.#failure;
    }
  }

  /** As rank 0, before evaluating or running: gives the others its state, whatever they have. */
  share(): void {
    if (!this.#isMainOfSeveral) return;
    const { facts, tensors } = this.save();
    const kinds = Array.from(tensors, ([name, t]) => [name, kindOf(t)]);
    this.#ranks.broadcast({ kind: "state", facts, tensors: kinds });
    for (const t of tensors.values()) this.#ranks.send(t);
    this.#isShared = true;
  }

  #receive({ facts, tensors }: Command): void {
    tidy(() => {
      const kinds = tensors as [string, TensorKind][];
      const own = new Map(kinds.map(([name, kind]) => [name, this.#ranks.receive(kind)]));
      this.restore({ tensors: own, facts: facts as SavedFacts });
    });
  }

  /** As another rank: does the work that rank 0 gives, up to the command `until`, or the end. */
  async #handleCommands(until: string): Promise<Command> {
    for (;;) {
      const command = await this.#ranks.next();
      if (command.kind === until) return command;
      if (command.kind === "over") {
        this.#isOver = true;
        this.#failure = (command.failed as string | undefined) ?? null;
        return command;
      }
      if (command.kind === "state") this.#receive(command);
      else this.sampler.handleCommand(command);
    }
  }

  /** As rank 0: goes on in step with the others. */
  #broadcast(command: Command): void {
    this.#ranks.broadcast(command);
    this.sampler.workersWaiting = false;
  }

  /** An event at which the averages so far sample, and rank 0 may save and evaluate with the help of the others. */
  async *#handOver(event: TrainEvent): AsyncGenerator<TrainEvent> {
    const { direction } = event;
    this.#current?.gatherRngStates();
    this.#ranks.assertInSync(this.state.networks[direction].parameters());
    if (this.#current) this.#ownSampler = this.#samplesItself() ? this.#copyOfSampler() : null;
    this.#refreshSampler(direction);
    this.sampler.workersWaiting = this.#isMainOfSeveral;
    yield event;
    if (this.#ranks.isMain) this.#broadcast({ kind: "go", steps: this.#steps });
    else this.#takeSteps(await this.#handleCommands("go"));
    if (this.#ownSampler) this.state.samplers[direction].loadStateDict(this.#ownSampler);
    this.#forgetOwnSampler();
  }

  /**
   * Gives a half-iteration, at a `pause` event or before it begins, another number of steps than the schedule's; of one
   * in progress those that are done are the least. What it has learnt stays; saved states have it.
   */
  plan(half: number, steps: number): void {
    this.#steps[half] = steps;
    if (this.#current?.half === half) this.#current.resize(steps);
  }

  /** Steps of a half-iteration. */
  stepsOf(half: number): number {
    const { firstIteration, firstSteps, steps } = this.problem.schedule;
    return this.#steps[half] ?? (half <= firstIteration ? firstSteps : steps);
  }

  #takeSteps({ steps = {} }: Command): void {
    for (const [half, n] of Object.entries(steps as Record<string, number>))
      this.plan(Number(half), n);
  }

  /** Whether the averages with which the current half-iteration began still make its rows: an evaluation must not change them. */
  #samplesItself(): boolean {
    const { schedule, method, execution } = this.problem;
    const current = this.#current;
    const isOnline = method.method.rows?.simulation === "step" && !execution.cache?.online;
    if (!current || !this.state.emas || isOnline || current.half <= schedule.firstPass)
      return false;
    const newest = directionOf(this.problem, current.half - 1);
    return method.method.networks !== "each" || newest === current.direction;
  }

  #copyOfSampler(): Map<string, Tensor> {
    const { direction } = this.#current as HalfIteration;
    const state = this.state.samplers[direction].stateDict();
    return tidy(() => new Map([...state].map(([name, t]) => [name, t.detach().clone().keep()])));
  }

  #forgetOwnSampler(): void {
    for (const t of this.#ownSampler?.values() ?? []) t.dispose();
    this.#ownSampler = null;
  }

  /** After `restore`: lets the half-iteration in progress end where it is; false where none is in progress. */
  skipHalf(): boolean {
    const saved = this.#saved;
    if (!saved) return false;
    this.#put(saved.tensors);
    for (const t of saved.tensors.values()) t.dispose();
    this.#saved = null;
    this.#refreshSampler(directionOf(this.problem, saved.pass.half));
    this.state.half = saved.pass.half;
    return true;
  }

  /** Makes the optimisers of a method that keeps theirs, so that a saved state can be restored into them. */
  keepOptimizers(): void {
    keepOptimizers(this.problem, this.state);
  }

  #begin(half: number): HalfIteration {
    const { state, sampler } = this;
    const direction = directionOf(this.problem, half);
    this.keepOptimizers();
    const ema = state.emas?.[direction] ?? null;
    ema?.restart();
    const isFitted = this.problem.method.method.model?.fit !== undefined;
    return new HalfIteration({
      problem: this.#plan.problem,
      network: state.networks[direction],
      optimizer: isFitted
        ? null
        : (state.optimizers[direction] ?? newOptimizer(this.problem, state.networks[direction])),
      refresh: () => this.#refreshSampler(direction),
      ...{ half, ema, sampler, steps: this.#steps[half] },
    });
  }

  /** The averages so far in the network that samples. */
  #refreshSampler(direction: Direction): void {
    this.state.emas?.[direction].copyTo(this.state.samplers[direction]);
  }

  /** Restores the saved half-iteration, if there is one; false where that was stopped. */
  async *#resume(
    current: HalfIteration,
    signal?: AbortSignal,
  ): AsyncGenerator<TrainEvent, boolean> {
    const saved = this.#saved;
    if (!saved) return true;
    this.#saved = null;
    this.#put(saved.tensors);
    if (!(yield* made(current, current.restore(saved.pass), { ranks: this.#ranks, signal }))) {
      // Nothing was done since the state was read: it is still the current one.
      this.#saved = saved;
      const { half, direction, steps } = current;
      yield { type: "stopped", half, direction, step: saved.pass.step, steps };
      return false;
    }
    current.losses.push(...saved.whole.facts.losses);
    for (const t of saved.tensors.values()) t.dispose();
    return true;
  }

  /** One half-iteration; false where it stopped in the middle. */
  async *#half(
    half: number,
    { signal, pauseAt }: Control & Required<Pick<Control, "pauseAt">>,
  ): AsyncGenerator<TrainEvent, boolean> {
    const { logEvery, ranks } = this.problem.execution;
    const began = performance.now();
    const direction = directionOf(this.problem, half);
    this.#plan.measure(direction);
    this.#plan.measurePairs(half, this.sampler);
    const current = this.#begin(half);
    this.#current = current;
    const { losses } = current;
    const steps = () => current.steps;
    const { threads, sharesBatch, bfloat16, cacheSteps } = this.#plan;
    const requests = stepRequests(ranks, {
      steps,
      sharesBatch: sharesBatch ?? true,
      isAborted: () => signal?.aborted === true,
      pauseAt: (step) => step < steps() && pauseAt({ half, step, steps: steps() }),
    });
    const pause = (event: TrainEvent) => this.#handOver(event);
    try {
      const how = { sharesBatch, bfloat16, cacheSteps: cacheSteps?.steps ?? null };
      yield { type: "start", half, direction, threads: threads ?? 1, ...how };
      if (!(yield* this.#resume(current, signal))) return false;
      const options = { ranks, signal, logEvery, requests, pause, isOver: () => this.#isOver };
      if (!(yield* runSteps(current, options))) return false;
      this.#refreshSampler(direction);
      current.measureNoise(this.state.samplers[direction]);
      this.state.half = half;
      this.#end();
      const seconds = (performance.now() - began) / 1000;
      yield* this.#handOver({ type: "half", half, direction, seconds, loss: lastOf(losses) });
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

  /** The first `n` pairs of the cache in use, kept out of scopes; null where none are kept. */
  peek(n: number): { x0: Tensor; x1: Tensor } | null {
    return this.#current?.source.peek?.(n) ?? null;
  }

  /**
   * Everything that training needs to go on from here, at a `pause`, `stopped` or `half` event or before the
   * run: tensors by name (not copies) and facts for JSON. Throws a BridgeError where a weight is not finite.
   */
  save(): SavedTraining {
    if (this.#saved) return this.#saved.whole;
    const { state } = this;
    const pass = this.#current;
    const standing =
      pass && this.#samplesItself() ? state.samplers[pass.direction].stateDict() : null;
    const tensors = tensorsOf(state, directionsOf(this.problem), {
      pass,
      standing: standing && (this.#ownSampler ?? standing),
    });
    const [step, half] = [pass?.step ?? "0", pass?.half ?? state.half];
    checkFinite(tensors, `after step ${step} of half-iteration ${half}`);
    const { threads, sharesBatch, bfloat16, cacheSteps } = this.#plan;
    const facts: SavedFacts = {
      format: 1,
      half: state.half,
      ...{ threads, sharesBatch },
      ...(bfloat16 !== null && { bfloat16 }),
      ...(cacheSteps && { cacheSteps }),
      ...(Object.keys(this.#steps).length > 0 && { steps: { ...this.#steps } }),
      losses: pass ? [...pass.losses] : [],
      pass: pass ? toJsonState(pass.save()) : null,
    };
    return { tensors, facts };
  }

  /**
   * Restores a saved state, before `run`. The tensors may be disposed of afterwards.
   * Throws a TorchError where names or shapes do not fit, and changes nothing then but what fitted before.
   */
  restore({ tensors, facts }: SavedTraining): void {
    if (facts.format !== 1)
      throw argumentError(`the state is of format ${facts.format}; this version reads format 1`);
    this.keepOptimizers();
    const { state } = this;
    const pass = facts.pass === null ? null : (fromJsonState(facts.pass) as HalfIterationState);
    const own = tidy(() => new Map([...tensors].map(([name, t]) => [name, t.clone().keep()])));
    this.#put(own);
    resetSamplers(state);
    state.half = facts.half;
    this.#plan.restore(facts);
    this.#steps = { ...facts.steps };
    if (pass) this.#saved = { pass, tensors: own, whole: { tensors: own, facts } };
    else for (const t of own.values()) t.dispose();
  }

  #put(tensors: ReadonlyMap<string, Tensor>): void {
    putTensors(this.state, directionsOf(this.problem), { tensors, pass: this.#current });
  }

  dispose(): void {
    disposeState(this.state);
    this.sampler.reset();
    this.#forgetOwnSampler();
    this.#end();
    for (const t of this.#saved?.tensors.values() ?? []) t.dispose();
    this.#saved = null;
  }
}

// The driver: half-iteration after half-iteration, each a simulation with the newest network and a regression.
// It tells what happens as events and leaves writing, showing and stopping to whoever listens.

import { BridgeError, type Direction } from "@dsbm/bridge";
import { optim, setNumThreads, type Tensor, tidy } from "@dsbm/torch";
import { Agreement } from "./distributed/agreement.js";
import { type Command, Ranks } from "./distributed/ranks.js";
import type { TrainEvent } from "./events.js";
import { HalfIteration, type HalfIterationState } from "./half-iteration.js";
import {
  type CompleteProblem,
  complete,
  directionOf,
  type Problem,
  withExecution,
} from "./problem.js";
import { CacheRows } from "./rows/cache.js";
import { Simulator } from "./simulator.js";
import {
  checkFinite,
  directionsOf,
  disposeState,
  initialState,
  putNetworks,
  putTensors,
  type SavedFacts,
  type SavedTraining,
  type TrainState,
  tensorsOf,
} from "./state/state.js";
import { fromJsonState, toJsonState } from "./state/state-json.js";
import { measureSharing } from "./tune/sharing.js";
import { measureThreads } from "./tune/threads.js";

interface Control {
  signal?: AbortSignal | undefined;
  pauseAt?: (at: { half: number; step: number; steps: number }) => boolean;
}

/** Training of one problem: state, simulator, and the loop over half-iterations. */
export class Training {
  readonly problem: CompleteProblem;
  readonly state: TrainState;
  readonly simulator: Simulator;
  #threads: number | null = null;
  #sharesBatch: boolean | null = null;
  #current: HalfIteration | null = null;
  /** With several ranks: whether all have the state of rank 0, and whether it let the others go. */
  #isShared = false;
  #isOver = false;
  #failure: string | null = null;
  /** Sampling weights of the pass in progress, while others are being evaluated. */
  #ownSampler: Map<string, Tensor> | null = null;
  /** A state to be put into the next pass as it begins. */
  #saved: { pass: HalfIterationState; tensors: Map<string, Tensor>; whole: SavedTraining } | null =
    null;

  /** Builds networks with their initial weights. Throws a BridgeError for a problem that makes no sense. */
  constructor(problem: Problem) {
    this.problem = complete(problem);
    const { process } = this.problem;
    const { method, parametrisation, stepVariance } = this.problem.method;
    const { simulateThreads, chunkRows, ranks } = this.problem.execution;
    this.state = initialState(this.problem);
    this.simulator = new Simulator({
      method,
      process,
      networks: this.state.samplers,
      parametrisation,
      stepVariance,
      threads: simulateThreads,
      chunkRows,
      ranks,
    });
    this.simulator.workersWaiting = ranks?.isMain === true;
  }

  /**
   * Runs the half-iterations that are left. Signals and timers get their turn about every 50 ms; after `signal`
   * was aborted the run ends with a `stopped` event at the next step boundary (or within a cache, which is made
   * again later). `pauseAt` asks for a `pause` event at the boundary after a step; ranks that each train on whole batches
   * ask it, and look at `signal`, some 50 ms ahead. With several ranks rank 0 calls
   * it and the others `runWorker` until it dismisses them (`Ranks.dismiss`); a signal to any of them stops all.
   */
  async *run({ signal, pauseAt = () => false }: Control = {}): AsyncGenerator<TrainEvent> {
    if (this.problem.execution.ranks) {
      if (!this.#isShared) this.share();
      this.#broadcast({ kind: "run" });
    }
    try {
      yield* this.#halves({ signal, pauseAt });
    } finally {
      this.simulator.workersWaiting = this.problem.execution.ranks?.isMain === true;
    }
  }

  async *#halves(
    control: Required<Pick<Control, "pauseAt">> & Control,
  ): AsyncGenerator<TrainEvent> {
    while (this.state.half < this.problem.schedule.halfIterations && !this.#isOver) {
      if (!this.problem.execution.ranks && control.signal?.aborted) return;
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
      const events = this.#halves({ signal, pauseAt: () => false });
      for await (const event of events) void event;
      if (this.#isOver) return this.#failure;
    }
  }

  /** As rank 0, before evaluating or running: gives the others its state, whatever they have. */
  share(): void {
    const { ranks } = this.problem.execution;
    if (!ranks) return;
    const { facts, tensors } = this.save();
    const kinds = Array.from(tensors, ([name, t]) => [name, Ranks.kindOf(t)]);
    ranks.broadcast({ kind: "state", facts, tensors: kinds });
    for (const t of tensors.values()) ranks.send(t);
    this.#isShared = true;
  }

  #receive({ facts, tensors }: Command): void {
    const ranks = this.problem.execution.ranks as Ranks;
    tidy(() => {
      const kinds = tensors as [string, ReturnType<typeof Ranks.kindOf>][];
      const own = new Map(kinds.map(([name, kind]) => [name, ranks.receive(kind)]));
      this.restore({ tensors: own, facts: facts as SavedFacts });
    });
  }

  /** As another rank: does what rank 0 asks for, up to the command `until`, or the end of it all. */
  async #handleCommands(until: string): Promise<Command> {
    const ranks = this.problem.execution.ranks as Ranks;
    for (;;) {
      const command = await ranks.next();
      if (command.kind === until) return command;
      if (command.kind === "over") {
        this.#isOver = true;
        this.#failure = (command.failed as string | undefined) ?? null;
        return command;
      }
      if (command.kind === "state") this.#receive(command);
      else this.simulator.handleCommand(command);
    }
  }

  /** As rank 0: goes on in step with the others. */
  #broadcast(command: Command): void {
    this.problem.execution.ranks?.broadcast(command);
    this.simulator.workersWaiting = false;
  }

  /** An event at which the averages so far sample, and rank 0 may save and evaluate with the help of the others. */
  async *#handOver(event: TrainEvent): AsyncGenerator<TrainEvent> {
    const { ranks } = this.problem.execution;
    const { direction } = event;
    if (ranks) {
      this.#current?.gatherRngStates();
      ranks.assertInSync(this.state.networks[direction].parameters());
    }
    if (this.#current) this.#ownSampler = this.#samplesItself() ? this.#copyOfSampler() : null;
    this.#refreshSampler(direction);
    this.simulator.workersWaiting = ranks?.isMain === true;
    yield event;
    if (ranks?.isMain) this.#broadcast({ kind: "go" });
    else if (ranks) await this.#handleCommands("go");
    if (this.#ownSampler) this.state.samplers[direction].loadStateDict(this.#ownSampler);
    this.#forgetStanding();
  }

  /** Whether the averages that the pass in progress began with still make its rows: an evaluation must not change them. */
  #samplesItself(): boolean {
    const { problem } = this;
    const pass = this.#current;
    if (!pass || !this.state.emas || pass.half <= problem.schedule.firstPass) return false;
    return directionOf(problem, pass.half - 1) === pass.direction;
  }

  #copyOfSampler(): Map<string, Tensor> {
    const { direction } = this.#current as HalfIteration;
    const state = this.state.samplers[direction].stateDict();
    return tidy(() => new Map([...state].map(([name, t]) => [name, t.detach().clone().keep()])));
  }

  #forgetStanding(): void {
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

  /** Makes the optimisers of a method that keeps theirs, so that a saved state can be put into them. */
  keepOptimizers(): void {
    const { method } = this.problem.method;
    const { keepOptimizer } = this.problem.optimisation;
    const { optimizers } = this.state;
    if (!(keepOptimizer ?? method.optimizer === "kept")) return;
    optimizers.b ??= this.#newOptimizer("b");
    optimizers.f ??= method.networks === "shared" ? optimizers.b : this.#newOptimizer("f");
  }

  #newOptimizer(direction: Direction): optim.Adam {
    const { optimizer, lr, weightDecay } = this.problem.optimisation;
    return new optim[optimizer](this.state.networks[direction].parameters(), { lr, weightDecay });
  }

  #begin(half: number): HalfIteration {
    const { problem, state, simulator } = this;
    const direction = directionOf(problem, half);
    this.keepOptimizers();
    const ema = state.emas?.[direction] ?? null;
    ema?.restart();
    return new HalfIteration({
      problem: withExecution(problem, { shareBatch: this.#sharesBatch ?? true }),
      half,
      network: state.networks[direction],
      optimizer: state.optimizers[direction] ?? this.#newOptimizer(direction),
      ema,
      simulator,
    });
  }

  /** The averages so far in the network that samples. */
  #refreshSampler(direction: Direction): void {
    this.state.emas?.[direction].copyTo(this.state.samplers[direction]);
  }

  /** One half-iteration; false where it stopped in the middle. */
  async *#half(
    half: number,
    { signal, pauseAt }: Required<Pick<Control, "pauseAt">> & Control,
  ): AsyncGenerator<TrainEvent, boolean> {
    const { problem, state } = this;
    const { logEvery, ranks } = problem.execution;
    const isAborted = () => signal?.aborted === true;
    const anyAborted = () => (ranks ? ranks.any(isAborted()) : isAborted());
    const began = performance.now();
    const direction = directionOf(problem, half);
    this.#measure(direction);
    const saved = this.#saved;
    this.#saved = null;
    const pass = this.#begin(half);
    this.#current = pass;
    const at = () => ({ half, direction, step: pass.step, steps: pass.steps });
    const agreement = ranks && !this.#sharesBatch ? new Agreement(ranks, pass.steps) : null;
    let logged = performance.now();
    let breath = performance.now();
    let left = pass.step;
    try {
      yield { type: "start", half, direction, ...this.#chosen() };
      if (saved) {
        this.#put(saved.tensors);
        for await (const made of pass.restore(saved.pass)) {
          yield { type: "cache", half, direction, ...made };
          await new Promise(setImmediate);
          if (anyAborted()) {
            // Nothing was done since the state was read: it stands as it is.
            this.#saved = saved;
            yield { type: "stopped", half, direction, step: saved.pass.step, steps: pass.steps };
            return false;
          }
        }
        pass.losses.push(...saved.whole.facts.losses);
        for (const t of saved.tensors.values()) t.dispose();
        left = pass.step;
      }
      while (pass.step < pass.steps) {
        if (pass.source.due(pass.step + 1)) {
          const start = performance.now();
          for await (const made of pass.source.make(pass.step + 1)) {
            yield { type: "cache", half, direction, ...made };
            await new Promise(setImmediate);
            if (anyAborted()) break;
          }
          if (pass.source.due(pass.step + 1)) {
            pass.gatherRngStates();
            yield { type: "stopped", ...at() };
            return false;
          }
          yield { type: "simulate", half, direction, seconds: (performance.now() - start) / 1000 };
          logged = performance.now();
          left = pass.step;
        }
        const i = pass.step + 1;
        const shouldLog = i % logEvery === 0 || i === pass.steps;
        const isPause = (step = i) =>
          step < pass.steps && pauseAt({ half, step, steps: pass.steps });
        // Several ranks agree before the step, or in it, on what comes after it.
        const wished =
          agreement?.before(i, { stop: isAborted(), pauseAt: isPause }) ??
          (ranks && { stop: isAborted(), pause: isPause() });
        const { loss, gradNorm, wishes } = pass.advance({ shouldLog, ...wished });
        if (loss !== null && !Number.isFinite(loss))
          throw notFinite(half, direction, i, pass.losses);
        const now = performance.now();
        if (shouldLog && loss !== null) {
          yield {
            type: "step",
            ...at(),
            loss,
            gradNorm: gradNorm !== null && Number.isFinite(gradNorm) ? gradNorm : null,
            rate: (1000 * (i - left)) / (now - logged),
          };
          logged = performance.now();
          left = i;
        }
        if (now - breath > 50) {
          await new Promise(setImmediate);
          breath = performance.now();
        }
        if (ranks ? wishes.pause : isPause()) {
          yield* this.#handOver({ type: "pause", ...at(), loss: lastOf(pass.losses) });
          if (this.#isOver) return false;
          logged = performance.now();
          left = i;
        }
        if ((ranks ? wishes.stop : isAborted()) && i < pass.steps) {
          pass.gatherRngStates();
          yield { type: "stopped", ...at() };
          return false;
        }
      }
      state.half = half;
      this.#end();
      const seconds = (performance.now() - began) / 1000;
      yield* this.#handOver({ type: "half", half, direction, seconds, loss: lastOf(pass.losses) });
      return true;
    } finally {
      this.#end();
    }
  }

  /** Threads of a step, and whether ranks share its rows, unless that is known already. */
  #measure(direction: Direction): void {
    const { ranks, shareBatch } = this.problem.execution;
    this.#threads ??= this.#threadsFor(this.problem, direction);
    if (!ranks) return;
    const isNew = this.#sharesBatch === null;
    const wanted = ranks.same(this.#sharesBatch ?? shareBatch);
    this.#sharesBatch = wanted === "auto" ? measureSharing(this.problem, direction) : wanted;
    // All rows of a step may want another number of threads.
    if (isNew && !this.#sharesBatch)
      this.#threads = this.#threadsFor(
        withExecution(this.problem, { shareBatch: false }),
        direction,
      );
  }

  #chosen(): { threads: number; sharesBatch: boolean | null } {
    const { ranks } = this.problem.execution;
    return { threads: this.#threads ?? 1, sharesBatch: ranks && this.#sharesBatch };
  }

  /** All ranks take as many threads as suit rank 0, so that their number of them is in the saved state. */
  #threadsFor(problem: CompleteProblem, direction: Direction): number {
    const { ranks, threads: wanted } = problem.execution;
    const own = measureThreads(problem, direction);
    const threads = ranks && wanted === "auto" ? ranks.same(own) : own;
    if (threads !== own) setNumThreads(threads);
    return threads;
  }

  #end(): void {
    const pass = this.#current;
    if (!pass) return;
    this.#current = null;
    if (this.state.half === pass.half && pass.source instanceof CacheRows) pass.source.remove();
    pass.dispose();
    if (this.state.optimizers[pass.direction] !== pass.optimizer) pass.optimizer.dispose();
  }

  /** The first `n` pairs of the cache in use, kept out of scopes; null where pairs are not simulated. */
  peek(n: number): Tensor[] | null {
    const source = this.#current?.source;
    return source instanceof CacheRows ? source.peek(n) : null;
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
    const tensors = tensorsOf(state, this.#directions, {
      pass,
      standing: standing && (this.#ownSampler ?? standing),
    });
    const [step, half] = [pass?.step ?? "0", pass?.half ?? state.half];
    checkFinite(tensors, `after step ${step} of half-iteration ${half}`);
    const facts: SavedFacts = {
      format: 1,
      half: state.half,
      threads: this.#threads,
      sharesBatch: this.#sharesBatch,
      losses: pass ? [...pass.losses] : [],
      pass: pass ? toJsonState(pass.save()) : null,
    };
    return { tensors, facts };
  }

  /**
   * Puts a saved state in, before `run`. The tensors may be disposed of afterwards.
   * Throws a TorchError where names or shapes do not fit, and changes nothing then but what fitted before.
   */
  restore({ tensors, facts }: SavedTraining): void {
    if (facts.format !== 1)
      throw new BridgeError(
        "argument",
        `the state is of format ${facts.format}; this version reads format 1`,
      );
    this.keepOptimizers();
    const { state, problem } = this;
    const pass = facts.pass === null ? null : (fromJsonState(facts.pass) as HalfIterationState);
    const own = tidy(() => new Map([...tensors].map(([name, t]) => [name, t.clone().keep()])));
    putNetworks(state, this.#directions, own);
    this.#put(own);
    state.half = facts.half;
    if (facts.threads !== null && problem.execution.threads === "auto") {
      this.#threads = facts.threads;
      setNumThreads(facts.threads);
    }
    if (problem.execution.shareBatch === "auto") this.#sharesBatch = facts.sharesBatch ?? null;
    if (pass) this.#saved = { pass, tensors: own, whole: { tensors: own, facts } };
    else for (const t of own.values()) t.dispose();
  }

  #put(tensors: ReadonlyMap<string, Tensor>): void {
    putTensors(this.state, this.#directions, { tensors, pass: this.#current });
  }

  get #directions(): Direction[] {
    return directionsOf(this.problem);
  }

  dispose(): void {
    disposeState(this.state);
    this.simulator.reset();
    this.#forgetStanding();
    this.#end();
    for (const t of this.#saved?.tensors.values() ?? []) t.dispose();
    this.#saved = null;
  }
}

/** The newest loss that was read. */
const lastOf = (losses: readonly number[]): number => losses[losses.length - 1] ?? Number.NaN;

function notFinite(
  half: number,
  direction: Direction,
  step: number,
  losses: number[],
): BridgeError {
  return new BridgeError(
    "not_finite",
    `the loss became ${losses[losses.length - 1]} at step ${step} of half-iteration ${half} (${direction}); the last losses were ${losses.map((l) => l.toPrecision(4)).join(", ")}; try a smaller learning rate, gradient clipping, or a larger eps`,
  );
}

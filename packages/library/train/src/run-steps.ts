import { notFiniteError } from "@dsbm/bridge";
import { setNumThreads } from "@dsbm/torch";
import { batchShare, type Ranks } from "./distributed/ranks.js";
import type { TrainEvent } from "./events.js";
import type { HalfIteration } from "./half-iteration.js";
import { type CompleteProblem, withExecution } from "./problem.js";
import type { Making } from "./rows/rows.js";
import { canRunAhead } from "./rows/source.js";

export interface StepPlan {
  threads: number;
  /** Whether several ranks share the rows of a step; null for one process. */
  sharesBatch: boolean | null;
}

/**
 * Multiplications of a step for which one more thread pays. If the next pairs are simulated during
 * training, only long steps take threads from the simulation.
 */
const workPerThread = { alone: 5e7, shared: 1e9 };

const uses = 512;
const sharedWork = 5e7;

/** Decides the open options, the same on all ranks, and sets the threads. */
export function planSteps(
  problem: CompleteProblem,
  parameters: number,
  saved: Partial<StepPlan>,
): StepPlan {
  const { ranks, threads, shareBatch } = problem.execution;
  const fit = problem.method.method.model?.fit;
  const { batchSize } = problem.optimisation;
  const points = positions(problem) * batchSize;
  const wouldShare = points >= uses && points * parameters >= sharedWork;
  const sharing = shareBatch === "auto" ? (saved.sharesBatch ?? wouldShare) : shareBatch;
  const sharesBatch = ranks.size === 1 ? null : ranks.fromMain(!fit && sharing);
  const known = withExecution(problem, { shareBatch: sharesBatch ?? true });
  const chosen =
    threads === "auto" ? ranks.fromMain(saved.threads ?? threadsFor(known, parameters)) : threads;
  setNumThreads(chosen);
  return { threads: chosen, sharesBatch };
}

function positions({ data }: CompleteProblem): number {
  const [, , ...spatial] = data.x0.shape;
  return spatial.reduce((a, b) => a * b, 1);
}

function threadsFor(problem: CompleteProblem, parameters: number): number {
  const { simulateThreads } = problem.execution;
  if (problem.method.method.model?.fit) return simulateThreads;
  const work = parameters * positions(problem) * batchShare(problem).rows;
  const { alone, shared } = workPerThread;
  const threads = Math.floor(work / (canRunAhead(problem) ? shared : alone));
  return Math.min(Math.max(threads, 1), Math.max(simulateThreads, 1));
}

/** Milliseconds after which signals and timers get their turn. */
const turnMs = 50;

interface Interruptible {
  ranks: Ranks;
  signal: AbortSignal | undefined;
}

interface StepsOptions extends Interruptible {
  logEvery: number;
  requests: StepRequests;
  pause: (event: TrainEvent) => AsyncGenerator<TrainEvent>;
}

/** Runs the making of rows; returns false if it was stopped. */
export async function* makeRows(
  { half, direction }: HalfIteration,
  making: Making,
  { ranks, signal }: Interruptible,
): AsyncGenerator<TrainEvent, boolean> {
  for await (const { done, total } of making) {
    yield { type: "cache", half, direction, done, total };
    await new Promise(setImmediate);
    if (ranks.fromAll(signal?.aborted === true).includes(true)) return false;
  }
  return true;
}

/**
 * Runs the remaining steps; returns false if they were stopped. Throws a BridgeError for a loss
 * that is NaN or infinite.
 */
export async function* runSteps(
  current: HalfIteration,
  { logEvery, requests, pause, ...interruptible }: StepsOptions,
): AsyncGenerator<TrainEvent, boolean> {
  const { half, direction, source } = current;
  const at = () => ({ half, direction, step: current.step, steps: current.steps });
  let lastTurn = performance.now();
  /** Since when the rate of steps is counted. */
  let since = { time: performance.now(), step: current.step };
  const restart = () => {
    since = { time: performance.now(), step: current.step };
  };
  while (current.step < current.steps) {
    const step = current.step + 1;
    if (source.due?.(step)) {
      const start = performance.now();
      yield* makeRows(current, source.make?.(step) ?? [], interruptible);
      // A stop at the end of a cache leaves the cache in use.
      if (source.due?.(step)) {
        current.gatherRngStates();
        yield { type: "stopped", ...at() };
        return false;
      }
      yield { type: "simulate", half, direction, seconds: (performance.now() - start) / 1000 };
      restart();
    }
    const shouldLog = step % logEvery === 0 || step === current.steps;
    const { loss, gradNorm, request } = current.advance(requests.before(step), { shouldLog });
    if (loss !== null && !Number.isFinite(loss)) throw notFinite(current);
    const now = performance.now();
    if (shouldLog && loss !== null) {
      const norm = gradNorm !== null && Number.isFinite(gradNorm) ? gradNorm : null;
      const rate = (1000 * (step - since.step)) / (now - since.time);
      yield { type: "step", ...at(), loss, gradNorm: norm, rate };
      restart();
    }
    if (now - lastTurn > turnMs) {
      await new Promise(setImmediate);
      lastTurn = performance.now();
    }
    const decision = requests.after(step, request);
    if (decision.pause) {
      yield* pause({ type: "pause", ...at(), loss: current.loss });
      restart();
    }
    if (decision.stop && step < current.steps) {
      current.gatherRngStates();
      yield { type: "stopped", ...at() };
      return false;
    }
  }
  return true;
}

const notFinite = ({ half, direction, step, losses, loss }: HalfIteration) =>
  notFiniteError(
    `the loss became ${loss} at step ${step} of half-iteration ${half} (${direction}); the last losses were ${losses.map((l) => l.toPrecision(4)).join(", ")}; try a smaller learning rate, gradient clipping, or a larger eps`,
  );

/** A request of a rank after a step; if any rank makes it, all ranks act. */
export interface StopPauseRequest {
  stop: boolean;
  pause: boolean;
}

interface StepRequests {
  /** Before a step: this rank's request for after the step. */
  before(step: number): StopPauseRequest;
  /** After the step: the decision of all ranks, from the requests that came with the gradients. */
  after(step: number, carried: StopPauseRequest): StopPauseRequest;
}

interface OwnRequests {
  steps: () => number;
  sharesBatch: boolean;
  isAborted: () => boolean;
  pauseAt: (step: number) => boolean;
}

/**
 * One process alone looks after the step, so that it acts at once. Ranks that share a batch send requests with the
 * gradients. Ranks that each train on whole batches agree ahead.
 */
export function stepRequests(ranks: Ranks, rank: OwnRequests): StepRequests {
  const requestAt = (step: number) => ({
    pause: rank.pauseAt(step),
    // Asked after the pause, in which a signal may come.
    get stop() {
      return rank.isAborted();
    },
  });
  if (ranks.size === 1) return { before: () => ({ stop: false, pause: false }), after: requestAt };
  const agreement = rank.sharesBatch ? null : new Agreement(ranks, rank);
  return {
    before: (step) => (agreement ? agreement.before(step) : requestAt(step)),
    after: (_step, carried) => carried,
  };
}

/** Steps that ranks agree on at once. */
const together = 16;

/** An exchange at every step would outlast a small network's step: ranks agree on several at once. */
export class Agreement {
  readonly #ranks: Pick<Ranks, "isMain" | "max">;
  readonly #own: Omit<OwnRequests, "sharesBatch">;
  #next = 0;
  #pause = 0;

  constructor(ranks: Pick<Ranks, "isMain" | "max">, rank: Omit<OwnRequests, "sharesBatch">) {
    this.#ranks = ranks;
    this.#own = rank;
  }

  /** Before step `step`, on every rank: what comes after it. Throws a TorchError. */
  before(step: number): StopPauseRequest {
    if (step < this.#next) return { stop: false, pause: step === this.#pause };
    const { steps, isAborted, pauseAt } = this.#own;
    const { isMain } = this.#ranks;
    const end = isMain ? step + together : 0;
    let pause = 0;
    for (let s = step; pause === 0 && s < Math.min(end, steps()); s++) if (pauseAt(s)) pause = s;
    const proposal = [isAborted() ? 1 : 0, isMain && pause > 0 ? pause + 1 : end, pause];
    const [stop, next, agreed] = this.#ranks.max(proposal);
    this.#next = next;
    this.#pause = agreed;
    return { stop: stop > 0, pause: step === agreed };
  }
}

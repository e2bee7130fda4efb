// The steps of a half-iteration: rows where they are due, a step, and what comes after it.
import { notFiniteError } from "@dsbm/bridge";
import type { StepRequests } from "./distributed/agreement.js";
import type { Ranks } from "./distributed/ranks.js";
import type { TrainEvent } from "./events.js";
import type { HalfIteration } from "./half-iteration.js";
import type { Making } from "./rows/rows.js";

/** Milliseconds between two turns of signals and timers. */
const TURN = 50;

interface Interruptible {
  ranks: Ranks;
  signal: AbortSignal | undefined;
}

interface RunOptions extends Interruptible {
  logEvery: number;
  requests: StepRequests;
  /** Yields an event at which rank 0 may save and evaluate. */
  pause: (event: TrainEvent) => AsyncGenerator<TrainEvent>;
  /** Whether rank 0 ended the work of this rank. */
  isOver: () => boolean;
}

/** Goes through the making of rows; false where it was stopped in between. */
export async function* made(
  { half, direction }: HalfIteration,
  making: Making,
  { ranks, signal }: Interruptible,
): AsyncGenerator<TrainEvent, boolean> {
  for await (const { done, total } of making) {
    yield { type: "cache", half, direction, done, total };
    await new Promise(setImmediate);
    if (ranks.any(signal?.aborted === true)) return false;
  }
  return true;
}

/** Runs the steps that are left; false where they were stopped. Throws a BridgeError for a loss that is not finite. */
export async function* runSteps(
  current: HalfIteration,
  { logEvery, requests, pause, isOver, ...interruptible }: RunOptions,
): AsyncGenerator<TrainEvent, boolean> {
  const { half, direction, source, losses } = current;
  const at = () => ({ half, direction, step: current.step, steps: current.steps });
  const stopped = (): TrainEvent => {
    current.gatherRngStates();
    return { type: "stopped", ...at() };
  };
  let turn = performance.now();
  /** Since when the rate of steps is counted. */
  let since = { time: performance.now(), step: current.step };
  const restart = () => {
    since = { time: performance.now(), step: current.step };
  };
  while (current.step < current.steps) {
    const i = current.step + 1;
    if (source.due(i)) {
      const start = performance.now();
      yield* made(current, source.make(i), interruptible);
      // Whoever stops at the end of a cache has the cache.
      if (source.due(i)) {
        yield stopped();
        return false;
      }
      yield { type: "simulate", half, direction, seconds: (performance.now() - start) / 1000 };
      restart();
    }
    const shouldLog = i % logEvery === 0 || i === current.steps;
    const { loss, gradNorm, request } = current.advance(requests.before(i), { shouldLog });
    if (loss !== null && !Number.isFinite(loss)) throw notFinite(current);
    const now = performance.now();
    if (shouldLog && loss !== null) {
      const norm = gradNorm !== null && Number.isFinite(gradNorm) ? gradNorm : null;
      const rate = (1000 * (i - since.step)) / (now - since.time);
      yield { type: "step", ...at(), loss, gradNorm: norm, rate };
      restart();
    }
    if (now - turn > TURN) {
      await new Promise(setImmediate);
      turn = performance.now();
    }
    if (requests.pauses(i, request)) {
      yield* pause({ type: "pause", ...at(), loss: lastOf(losses) });
      if (isOver()) return false;
      restart();
    }
    if (requests.stops(request) && i < current.steps) {
      yield stopped();
      return false;
    }
  }
  return true;
}

/** The newest loss that was read. */
export const lastOf = (losses: readonly number[]): number =>
  losses[losses.length - 1] ?? Number.NaN;

function notFinite({ half, direction, step, losses }: HalfIteration) {
  return notFiniteError(
    `the loss became ${lastOf(losses)} at step ${step} of half-iteration ${half} (${direction}); the last losses were ${losses.map((l) => l.toPrecision(4)).join(", ")}; try a smaller learning rate, gradient clipping, or a larger eps`,
  );
}

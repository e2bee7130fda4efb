// The steps of a half-iteration with turns for signals, pauses and the making of rows.
import { notFiniteError } from "@dsbm/bridge";
import type { Ranks } from "./distributed/ranks.js";
import type { TrainEvent } from "./events.js";
import type { HalfIteration } from "./half-iteration.js";
import type { ProgressSteps } from "./rows/batch-source.js";
import type { StepRequests } from "./step/step-requests.js";

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
  making: ProgressSteps,
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
 * Runs the remaining steps; returns false if they were stopped.
 * @throws {BridgeError} for a loss that is NaN or infinite.
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

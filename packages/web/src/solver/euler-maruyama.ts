// Euler–Maruyama for dX = drift dt + σ dW, with the two variances of a step of the native sampler.
import type { Direction } from "./grid.js";
import { type Field, plus, type Take } from "./solver.js";

/** `process`: σ²Δt; `bridge`: σ²Δt·s/(s + Δt) with s the time left after the step (Liu et al. 2023, I²SB, eq. 4). */
export type StepVariance = "process" | "bridge";

export interface EulerMaruyamaOptions {
  direction: Direction;
  sigma: number;
  stepVariance: StepVariance;
  /** Whether the step to the end has its noise. */
  lastNoise: boolean;
  /** The end that is predicted: in place of the last step, where that has no noise. */
  end: Field | null;
  /** The number of steps. */
  steps: number;
  /** Standard normal noise of x's length for the next step. */
  noise: () => Float32Array;
}

/** x ← x + drift(x, t)·Δt + σ√Δt z. */
export function eulerMaruyama(drift: Field, options: EulerMaruyamaOptions): Take {
  const { direction, sigma, stepVariance, lastNoise, end, steps, noise } = options;
  return async (x, { k, time, next, dt }) => {
    const isLast = k === steps - 1 && !lastNoise;
    if (isLast && end) return end(x, time);
    const to = plus(x, dt, await drift(x, time));
    const left = direction === "f" ? 1 - next : next;
    const share = stepVariance === "bridge" ? left / (left + dt) : 1;
    const spread = sigma * Math.sqrt(dt * share);
    return spread > 0 && !isLast ? plus(to, spread, noise()) : to;
  };
}

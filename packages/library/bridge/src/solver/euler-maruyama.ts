import { type Tensor, tidy } from "@dsbm/torch";
import { oneTime } from "../core/one-time.js";
import { type Field, noiseLike, type SolveOptions, type StepField, solverSteps } from "./solver.js";

/**
 * Noise variance of a step: `process` σ²Δt; `bridge` σ²Δt·s/(s + Δt), s the time left after the step; `analytic`
 * σ²Δt·(s + ρΔt)/(s + Δt) with a network's share ρ (`measureNoiseShare`).
 */
export type StepVariance = "process" | "bridge" | "analytic";

/**
 * x ← x + drift(x, t)·Δt + σ√Δt z along the grid, from x [B, …] at the start of `direction`.
 * `bridge` is exact for a drift to one endpoint (Liu et al. 2023, I²SB, eq. 4); `analytic` keeps
 * the variance on average. `lastNoise: false` omits the last step's noise; `finish` then replaces
 * the last step by the endpoint itself.
 */
export function eulerMaruyama(
  drift: StepField,
  x: Tensor,
  {
    direction,
    grid,
    only,
    sigma,
    stepVariance = "process",
    isMidpoint = false,
    share,
    lastNoise = true,
    finish,
    callback,
    noise = noiseLike,
  }: SolveOptions & {
    sigma: number;
    stepVariance?: StepVariance | undefined;
    /** Takes the drift in the middle of each step: second order without noise, and two evaluations. */
    isMidpoint?: boolean;
    /** ρ of `analytic` at a time of the direction's clock, [] (default 1). */
    share?: ((u: number) => Tensor) | undefined;
    lastNoise?: boolean;
    finish?: Field | undefined;
  },
): Tensor {
  const steps = solverSteps(direction, grid, only);
  callback?.(x, { step: 0, time: steps[0]?.time ?? 0 });
  for (const { k, time, next, dt } of steps) {
    const from = x;
    const left = direction === "f" ? 1 - next : next;
    const part = stepVariance === "bridge" ? left / (left + dt) : 1;
    const spread = sigma * Math.sqrt(dt * part);
    const shareOfStep = stepVariance === "analytic" ? share : undefined;
    // Frees a step's intermediates at its end, also while recording.
    x = tidy(() => {
      const t = oneTime(from, time);
      const last = !lastNoise && k === grid.steps.length - 1;
      const half = isMidpoint && from.add(drift(from, t), { alpha: dt / 2 });
      const slope = () =>
        half ? drift(half, oneTime(from, (time + next) / 2)) : drift(from, t, dt);
      const to = last && finish ? finish(from, t) : from.add(slope(), { alpha: dt });
      if (!(spread > 0) || last) return to;
      if (!shareOfStep) return to.add(noise(from, k), { alpha: spread });
      const more = shareOfStep(1 - left - dt)
        .mul(dt)
        .add(left)
        .div(left + dt);
      return to.add(noise(from, k).mul(more.sqrt()), { alpha: spread });
    });
    callback?.(x, { step: k + 1, time: next });
  }
  return x;
}

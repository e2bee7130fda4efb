// Euler–Maruyama for dX = drift dt + σ dW.
import { type Tensor, tidy } from "@dsbm/torch";
import { oneTime } from "../core/one-time.js";
import { type Field, noiseLike, ordered, type SolveOptions } from "./solver.js";

/**
 * How much noise a step has: that of the process, σ²Δt (Euler–Maruyama); that of the Brownian bridge from the point to where
 * the drift leads, σ²Δt·s/(s + Δt) with s the time that is left after the step; or between the two, σ²Δt·(s + ρΔt)/(s + Δt),
 * with the share ρ that a trained network has (`measureNoiseShare`).
 */
export type StepVariance = "process" | "bridge" | "analytic";

/**
 * x ← x + drift(x, t)·Δt + σ√Δt z along the grid, from x [B, …] at the start of `direction`.
 *
 * With `stepVariance: "bridge"` a step is exact where the drift leads to one end, (end − x)/(time left), however long
 * it is, and the last one has no noise (Liu et al. 2023, I²SB, eq. 4). Steps of Euler–Maruyama leave too much noise in
 * x wherever they are long compared with the time left. With `analytic` the variance of x is right on average after a step
 * of any length, and between Gaussians its law is.
 * `lastNoise: false` leaves out the noise of the last step; `finish`, if given, is then the end itself as a function of
 * the last point, in place of the last step.
 */
export function eulerMaruyama(
  drift: Field,
  x: Tensor,
  {
    direction,
    grid,
    only,
    sigma,
    stepVariance = "process",
    share,
    lastNoise = true,
    finish,
    callback,
    noise = noiseLike,
  }: SolveOptions & {
    sigma: number;
    stepVariance?: StepVariance | undefined;
    /** Of `analytic`: ρ at a time of the direction's own clock, []; without it 1. */
    share?: ((u: number) => Tensor) | undefined;
    lastNoise?: boolean;
    finish?: Field | undefined;
  },
): Tensor {
  const steps = ordered(direction, grid, only);
  callback?.(x, { step: 0, time: steps[0]?.time ?? 0 });
  for (const { k, time, next, dt } of steps) {
    const from = x;
    const left = direction === "f" ? 1 - next : next;
    const part = stepVariance === "bridge" ? left / (left + dt) : 1;
    const spread = sigma * Math.sqrt(dt * part);
    const own = stepVariance === "analytic" ? share : undefined;
    // The intermediates of a step are freed at its end, while a recording runs too.
    x = tidy(() => {
      const t = oneTime(from, time);
      const last = !lastNoise && k === grid.steps.length - 1;
      const to = last && finish ? finish(from, t) : from.add(drift(from, t), { alpha: dt });
      if (!(spread > 0) || last) return to;
      if (!own) return to.add(noise(from, k), { alpha: spread });
      const more = own(1 - left - dt)
        .mul(dt)
        .add(left)
        .div(left + dt);
      return to.add(noise(from, k).mul(more.sqrt()), { alpha: spread });
    });
    callback?.(x, { step: k + 1, time: next });
  }
  return x;
}

// Euler–Maruyama for dX = drift dt + σ dW.
import { noise as normal, type Tensor, tidy } from "@dsbm/torch";
import { oneTime } from "../one-time.js";
import { type Field, ordered, type SolveOptions } from "../solver.js";

/**
 * x ← x + drift(x, t)·Δt + σ√Δt z along the grid, from x [B, …] at the start of `direction`.
 * `lastNoise: false` leaves the noise of the last step out, for samples that are meant to be looked at; `finish`,
 * where it is given, is then the end itself as a function of the last point, in the last step's place.
 */
export function eulerMaruyama(
  drift: Field,
  x: Tensor,
  {
    direction,
    grid,
    sigma,
    lastNoise = true,
    finish,
    callback,
    noise = (like) => normal(like.shape, { device: like.device, dtype: like.dtype }),
  }: SolveOptions & { sigma: number; lastNoise?: boolean; finish?: Field | undefined },
): Tensor {
  const steps = ordered(direction, grid);
  callback?.(x, { step: 0, time: steps[0]?.time ?? 0 });
  for (const [k, { time, next, dt }] of steps.entries()) {
    const from = x;
    // What a step makes on the way is given back at its end, while a recording runs too.
    x = tidy(() => {
      const t = oneTime(from, time);
      const last = !lastNoise && k === steps.length - 1;
      const to = last && finish ? finish(from, t) : from.add(drift(from, t), { alpha: dt });
      return sigma > 0 && !last ? to.add(noise(from, k), { alpha: sigma * Math.sqrt(dt) }) : to;
    });
    callback?.(x, { step: k + 1, time: next });
  }
  return x;
}

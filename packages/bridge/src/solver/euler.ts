// Explicit Euler for dX = v dt; backwards in time the field is followed with the opposite sign.
import { full, type Tensor } from "@dsbm/torch";
import { type Field, ordered, type SolveOptions } from "../solver.js";

/** x ← x ± v(x, t)·Δt along the grid, from x [B, …] at the start of `direction`; first order. */
export function euler(
  velocity: Field,
  x: Tensor,
  { direction, grid, callback }: SolveOptions,
): Tensor {
  const sign = direction === "f" ? 1 : -1;
  const steps = ordered(direction, grid);
  callback?.(x, { step: 0, time: steps[0]?.time ?? 0 });
  for (const [k, { time, next, dt }] of steps.entries()) {
    const t = full([x.size(0)], time, { device: x.device, dtype: x.dtype });
    x = x.add(velocity(x, t), { alpha: sign * dt });
    callback?.(x, { step: k + 1, time: next });
  }
  return x;
}

/**
 * Euler with steps of at most `stepSize` between requested times, whose states it returns stacked [T, B, …].
 * `times` are monotone; the first is where x is. Like torchdiffeq's fixed grid, the last step before a
 * requested time is shortened by linear interpolation. Also tells the number of field evaluations.
 */
export function eulerAt(
  velocity: Field,
  x: Tensor,
  times: readonly number[],
  stepSize: number,
): { states: Tensor[]; nfe: number } {
  const first = times[0] as number;
  const last = times[times.length - 1] as number;
  const sign = last >= first ? 1 : -1;
  const count = Math.ceil(Math.abs(last - first) / stepSize + 1 - 1e-9 * Math.abs(last - first));
  const grid = Array.from({ length: count }, (_, i) => first + sign * i * stepSize);
  grid[count - 1] = last;
  const states = [x];
  let j = 1;
  for (let k = 0; k + 1 < grid.length; k++) {
    const [t0, t1] = [grid[k] as number, grid[k + 1] as number];
    const next = x.add(velocity(x, full([x.size(0)], t0, { device: x.device, dtype: x.dtype })), {
      alpha: t1 - t0,
    });
    while (j < times.length && sign * (t1 - (times[j] as number)) >= 0) {
      const at = times[j] as number;
      states.push(at === t1 ? next : x.add(next.sub(x), { alpha: (at - t0) / (t1 - t0) }));
      j++;
    }
    x = next;
  }
  return { states, nfe: grid.length - 1 };
}

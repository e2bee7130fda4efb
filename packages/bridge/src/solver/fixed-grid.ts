// Steps of one length between requested times, as the fixed-step solvers take them. The grid is torchdiffeq's:
// it starts at the first time and the last step is what is left; requested times in between are interpolated.
import { stack, type Tensor, tidy } from "@dsbm/torch";
import { type CountedField, counted, type Flow, timeSign } from "./flow.js";
import type { Field } from "./solver.js";

/** One step from (x, time) over dt: the state at a share (0, 1] of it. */
export type FixedStep = (
  field: CountedField,
  x: Tensor,
  at: { time: number; dt: number },
) => (share: number) => Tensor;

/** The times from first to last in steps of at most `step_size`. */
export function fixedGrid(first: number, last: number, step_size: number): number[] {
  const length = Math.abs(last - first) / step_size;
  const count = Math.max(1, Math.ceil(length - 1e-9 * Math.max(1, length)));
  const sign = last > first ? 1 : -1;
  return Array.from({ length: count + 1 }, (_, i) =>
    i === count ? last : first + sign * i * step_size,
  );
}

/** Takes `step` along the grid and collects the states at `times`: all of memory is two states and a step. */
export function followGrid(
  field: Field,
  x: Tensor,
  { times, step_size, step }: { times: readonly number[]; step_size: number; step: FixedStep },
): Flow {
  const v = counted(field);
  const sign = timeSign(times);
  const grid = fixedGrid(times[0] as number, times[times.length - 1] as number, step_size);
  const states = tidy(() => {
    const seen: Tensor[] = [x];
    let [y, owned] = [x, false];
    for (let k = 0; k + 1 < grid.length; k++) {
      const [time, next] = [grid[k] as number, grid[k + 1] as number];
      const { end, between } = tidy(() => {
        const state = step(v, y, { time, dt: next - time });
        const wanted = times.slice(seen.length).filter((at) => sign * (next - at) > 0);
        return {
          end: state(1),
          between: wanted.map((at) => state((at - time) / (next - time))),
        };
      });
      if (owned) y.dispose();
      seen.push(...between);
      owned = times[seen.length] !== next;
      if (!owned) seen.push(end);
      y = end;
    }
    return stack(seen);
  });
  return { states, nfe: v.nfe };
}

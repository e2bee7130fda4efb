import { stack, type Tensor, tidy } from "@dsbm/torch";
import { type CountedField, countEvaluations, type FlowSolver, timeSign } from "./flow.js";

type FixedStep = (
  field: CountedField,
  x: Tensor,
  at: { time: number; dt: number },
) => (share: number) => Tensor;

function fixedGrid(first: number, last: number, step_size: number): number[] {
  const length = Math.abs(last - first) / step_size;
  const count = Math.max(1, Math.ceil(length - 1e-9 * Math.max(1, length)));
  const sign = last > first ? 1 : -1;
  return Array.from({ length: count + 1 }, (_, i) =>
    i === count ? last : first + sign * i * step_size,
  );
}

const following =
  (step: FixedStep): FlowSolver =>
  (field, x, times, { step_size }) => {
    const v = countEvaluations(field);
    const sign = timeSign(times);
    const grid = fixedGrid(times[0], times[times.length - 1], step_size);
    const states = tidy(() => {
      const seen: Tensor[] = [x];
      let y = x;
      let owned = false;
      for (let k = 0; k + 1 < grid.length; k++) {
        const time = grid[k];
        const next = grid[k + 1];
        const { end, between } = tidy(() => {
          const state = step(v, y, { time, dt: next - time });
          const due = times.slice(seen.length).filter((at) => sign * (next - at) > 0);
          return {
            end: state(1),
            between: due.map((at) => state((at - time) / (next - time))),
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
  };

/** First order; linear between steps. */
export const euler = following((field, x, { time, dt }) => {
  const v = field.at(x, time);
  return (share) => x.add(v, { alpha: share * dt });
});

/**
 * The explicit trapezoidal rule, second order; between its endpoints the parabola with their slopes, also second
 * order.
 */
export const heun = following((field, x, { time, dt }) => {
  const v = field.at(x, time);
  const w = field.at(x.add(v, { alpha: dt }), time + dt);
  return (share) =>
    x.add(v, { alpha: dt * share * (1 - share / 2) }).add(w, { alpha: (dt * share * share) / 2 });
});

// Explicit Euler for dX = v dt; backwards in time the field is followed with the opposite sign.
import type { Tensor } from "@dsbm/torch";
import { oneTime } from "../core/one-time.js";
import { type FixedStep, followGrid } from "./fixed-grid.js";
import type { FlowSolver } from "./flow.js";
import { type Field, ordered, type SolveOptions } from "./solver.js";

/** x ← x ± v(x, t)·Δt along the grid, from x [B, …] at the start of `direction`; first order. */
export function euler(
  velocity: Field,
  x: Tensor,
  { direction, grid, only, callback }: SolveOptions,
): Tensor {
  const sign = direction === "f" ? 1 : -1;
  const steps = ordered(direction, grid, only);
  callback?.(x, { step: 0, time: steps[0]?.time ?? 0 });
  for (const { k, time, next, dt } of steps) {
    const t = oneTime(x, time);
    x = x.add(velocity(x, t), { alpha: sign * dt });
    callback?.(x, { step: k + 1, time: next });
  }
  return x;
}

const step: FixedStep = (field, x, { time, dt }) => {
  const v = field.at(x, time);
  return (share) => x.add(v, { alpha: share * dt });
};

/** Euler at requested times, on straight lines between its steps. */
export const eulerFlow: FlowSolver = {
  name: "euler",
  order: 1,
  adaptive: false,
  evaluations: 1,
  solve: (field, x, times, { step_size }) => followGrid(field, x, { times, step_size, step }),
};

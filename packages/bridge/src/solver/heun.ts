// Heun's method (the explicit trapezoidal rule) for dX = v dt: an Euler step, then the mean of the slopes at
// both ends.
import type { Tensor } from "@dsbm/torch";
import { oneTime } from "../core/one-time.js";
import { type FixedStep, followGrid } from "./fixed-grid.js";
import type { FlowSolver } from "./flow.js";
import { type Field, ordered, type SolveOptions } from "./solver.js";

/**
 * x ← x ± (v(x, t) + v(x ± v(x, t)·Δt, t ± Δt))/2·Δt along the grid, from x [B, …] at the start of `direction`;
 * second order, two evaluations a step.
 */
export function heun(
  velocity: Field,
  x: Tensor,
  { direction, grid, only, callback }: SolveOptions,
): Tensor {
  const sign = direction === "f" ? 1 : -1;
  const steps = ordered(direction, grid, only);
  const at = (time: number) => oneTime(x, time);
  callback?.(x, { step: 0, time: steps[0]?.time ?? 0 });
  for (const { k, time, next, dt } of steps) {
    const v = velocity(x, at(time));
    const w = velocity(x.add(v, { alpha: sign * dt }), at(next));
    x = x.add(v, { alpha: (sign * dt) / 2 }).add(w, { alpha: (sign * dt) / 2 });
    callback?.(x, { step: k + 1, time: next });
  }
  return x;
}

/** Between its ends a step follows the parabola that has Heun's two slopes there, so that the order stays two. */
const step: FixedStep = (field, x, { time, dt }) => {
  const v = field.at(x, time);
  const w = field.at(x.add(v, { alpha: dt }), time + dt);
  return (share) =>
    x.add(v, { alpha: dt * share * (1 - share / 2) }).add(w, { alpha: (dt * share * share) / 2 });
};

/** Heun at requested times. */
export const heunFlow: FlowSolver = {
  name: "heun",
  order: 2,
  adaptive: false,
  evaluations: 2,
  solve: (field, x, times, { step_size }) => followGrid(field, x, { times, step_size, step }),
};

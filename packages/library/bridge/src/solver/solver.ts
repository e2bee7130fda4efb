import { noise, type Tensor } from "@dsbm/torch";
import type { Direction } from "../core/direction.js";
import type { TimeGrid } from "../core/time-grid.js";

/** A field at points x [B, …] and times t [B]. */
export type Field = (x: Tensor, t: Tensor) => Tensor;

/** A field that may depend on the length of the step from t (default 0). */
export type StepField = (x: Tensor, t: Tensor, step?: number) => Tensor;

/** Options of solvers of SDEs. */
export interface SolveOptions {
  /** Direction of the steps. */
  direction: Direction;
  /** Times of the steps. */
  grid: TimeGrid;
  /** Takes only step 0 … N − 1 of the direction, from x at its start (default: all steps). */
  only?: number | undefined;
  /** Called with every state, the start included: step 0 … N and process time. */
  callback?: ((x: Tensor, at: { step: number; time: number }) => void) | undefined;
  /** Standard normal noise of step k, of x's shape (default: from the default generator). */
  noise?: ((x: Tensor, step: number) => Tensor) | undefined;
}

/** Standard normal numbers of the shape, dtype and device of a tensor. */
export const noiseLike = ({ shape, device, dtype }: Tensor): Tensor =>
  noise(shape, { device, dtype });

/** One step of a grid. */
export interface SolverStep {
  /** Number of the step, from 0. */
  k: number;
  /** Time at its start. */
  time: number;
  /** Time at its end. */
  next: number;
  /** Its length, above 0. */
  dt: number;
}

/** The steps of a grid in the order of a direction; with `only`, just this step. */
export function solverSteps(direction: Direction, grid: TimeGrid, only?: number): SolverStep[] {
  const n = grid.steps.length;
  const step = (k: number): SolverStep => {
    const i = direction === "f" ? k : n - 1 - k;
    const low = grid.times[i];
    const high = grid.times[i + 1];
    const dt = grid.steps[i];
    return direction === "f" ? { k, time: low, next: high, dt } : { k, time: high, next: low, dt };
  };
  return only === undefined ? grid.steps.map((_, k) => step(k)) : [step(only)];
}

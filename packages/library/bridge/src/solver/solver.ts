// What a solver is: it carries samples along a field from one end of a time grid to the other.
import { noise, type Tensor } from "@dsbm/torch";
import type { Direction } from "../core/direction.js";
import type { TimeGrid } from "../core/time-grid.js";

/** A field at points x [B, …] and times t [B]. */
export type Field = (x: Tensor, t: Tensor) => Tensor;

export interface SolveOptions {
  direction: Direction;
  grid: TimeGrid;
  /** Takes this step alone, from x at its beginning: 0 … N − 1 in the order of the direction (default: all steps). */
  only?: number | undefined;
  /** Called with every state, the start included: step index 0 … N, process time. */
  callback?: ((x: Tensor, at: { step: number; time: number }) => void) | undefined;
  /** Standard normal noise for step k, of x's shape (default: drawn from the default generator). */
  noise?: ((x: Tensor, step: number) => Tensor) | undefined;
}

/** Standard normal noise of the shape of `like`, from the default generator. */
export const noiseLike = ({ shape, device, dtype }: Tensor): Tensor =>
  noise(shape, { device, dtype });

/** A step as a direction takes it: its count, process times and size. */
export interface SolverStep {
  k: number;
  time: number;
  next: number;
  dt: number;
}

/** The steps of a grid in the order in which a direction takes them; with `only`, that one alone. */
export function ordered(direction: Direction, grid: TimeGrid, only?: number): SolverStep[] {
  const n = grid.steps.length;
  const step = (k: number): SolverStep => {
    const i = direction === "f" ? k : n - 1 - k;
    const [low, high] = [grid.times[i] as number, grid.times[i + 1] as number];
    const dt = grid.steps[i] as number;
    return direction === "f" ? { k, time: low, next: high, dt } : { k, time: high, next: low, dt };
  };
  return only === undefined ? grid.steps.map((_, k) => step(k)) : [step(only)];
}

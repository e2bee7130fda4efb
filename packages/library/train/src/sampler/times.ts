import { type Direction, solverSteps, type TimeGrid } from "@dsbm/bridge";

/** The process times of a direction's states, the start first. */
export function timesOf(direction: Direction, grid: TimeGrid): number[] {
  const start = direction === "f" ? grid.times[0] : grid.times.at(-1);
  return [start!, ...solverSteps(direction, grid).map(({ next }) => next)];
}

// The time grid of a simulation.
import { type Chain, resample, type TimeGrid, wholeGrid } from "@dsbm/bridge";

/** The training grid, or one of another number of steps; of several data sets in a row with so many in each interval. */
export function gridOf(grid: TimeGrid, steps: number, chain: Chain | null | undefined): TimeGrid {
  const each = steps === grid.steps.length ? grid : resample(grid, steps);
  return chain ? wholeGrid(chain, each) : each;
}

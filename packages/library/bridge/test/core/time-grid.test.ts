// Time grids: they cover [0, 1], and resampling keeps the way through it.
import { describe, expect, it } from "vitest";
import { expectClose } from "../../../../../test/support/close.js";
import {
  gammaGrid,
  gridBetween,
  resample,
  type TimeGrid,
  uniformGrid,
} from "../../src/core/time-grid.js";
import { solverSteps } from "../../src/solver/solver.js";

const gammas = [0.1, 0.2, 0.4, 0.4, 0.2, 0.1];
const grids: [string, TimeGrid][] = [
  ["uniform", uniformGrid(7)],
  ["symmetric gammas", gammaGrid(gammas)],
  ["growing gammas", gammaGrid([1, 2, 3, 4])],
  ["resampled", resample(gammaGrid(gammas), 13)],
];

describe.each(grids)("the grid of %s", (_name, grid) => {
  it("runs from 0 to 1, and its positive steps are the differences of its times", () => {
    expect(grid.times[0]).toBe(0);
    expect(grid.times.at(-1)).toBeCloseTo(1, 14);
    for (const dt of grid.steps) expect(dt).toBeGreaterThan(0);
    const differences = grid.times.slice(1).map((t, k) => t - grid.times[k]);
    expectClose(grid.steps, differences, 14);
    expect(grid.steps.reduce((a, b) => a + b)).toBeCloseTo(1, 14);
  });

  it("has opposite orders for f and b", () => {
    const f = solverSteps("f", grid);
    const b = solverSteps("b", grid).reverse();
    expect(b.map(({ time, next, dt }) => [next, time, dt])).toEqual(
      f.map(({ time, next, dt }) => [time, next, dt]),
    );
    expect(solverSteps("b", grid)[0]?.time).toBeCloseTo(1, 14);
  });

  it("stays the same when resampled to its own number of steps", () => {
    expectClose(resample(grid, grid.steps.length).times, grid.times, 14);
  });

  it("is cut at two times, and its parts together are the whole", () => {
    const cut = grid.times[2] * 0.7 + grid.times[3] * 0.3;
    const parts = [gridBetween(grid, 0, cut), gridBetween(grid, cut, 1)] as const;
    expect(parts.map(({ times }) => [times[0], times.at(-1)])).toEqual([
      [0, cut],
      [cut, 1],
    ]);
    for (const { times, steps } of parts)
      expectClose(
        times.slice(1).map((t, k) => t - times[k]),
        steps,
        14,
      );
    expect(gridBetween(grid, 0, 1)).toEqual(grid);
    for (const [from, to] of [
      [0.5, 0.5],
      [0.7, 0.2],
      [-0.1, 1],
      [0, 1.1],
    ] as const)
      expect(() => gridBetween(grid, from, to)).toThrow(/expected two that rise between 0 and 1/);
  });

  it("keeps its own times in a grid that is three times as fine", () => {
    const fine = resample(grid, 3 * grid.steps.length).times;
    const own = fine.filter((_, k) => k % 3 === 0);
    expectClose(own, grid.times, 14);
  });
});

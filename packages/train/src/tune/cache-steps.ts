// How many steps a simulation of training pairs takes: the fewest whose pairs cannot be told from those of the whole grid.
import {
  conditionsAt,
  disposeSome,
  resample,
  slicedWasserstein,
  someRows,
  stream,
  type TimeGrid,
} from "@dsbm/bridge";
import { cat, type Tensor, tidy } from "@dsbm/torch";
import { type CompleteProblem, directionOf } from "../problem.js";
import type { Sampler } from "../sampler/sampler.js";

/** Parts of the grid's steps that are tried, the fewest first. */
const shares = [1 / 8, 1 / 4, 1 / 3, 1 / 2, 3 / 4];
/** Pairs are compared in so many groups of at most so many. */
const groups = 4;
const most = 4096;

const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;

/**
 * Steps for the pairs of a half-iteration, simulated with the network of the one before: those of `cacheGrid`, or the
 * fewest of some shares of them whose pairs are as near to pairs of the whole grid, in the sliced 2-Wasserstein distance of
 * start and end together, as other pairs of the whole grid are, to a standard error. All ranks call it together.
 */
export function measureCacheSteps(
  problem: CompleteProblem,
  half: number,
  sampler: Sampler,
): number {
  const { schedule, seed, data, execution, method } = problem;
  const { cacheGrid: grid } = schedule;
  const simulates = half > schedule.firstPass && method.method.pairs && !method.method.online;
  if (execution.cacheSteps !== "auto" || !simulates) return grid.steps.length;
  const newest = directionOf(problem, half - 1);
  const generator = stream(seed, `cache-steps/${half}`, data.x0.device);
  const end = newest === "f" ? "x0" : "x1";
  const rows = Math.floor(Math.min(data.x0.size(0), data.x1.size(0), groups * most) / groups);
  if (rows < 2) return grid.steps.length;
  const found = tidy(() => {
    const some = someRows(data, groups * rows, generator);
    const start = data.decode(some[end], { end, generator });
    const given = conditionsAt(some.conditions, end)?.values;
    const pairsOn = (own: TimeGrid) => {
      const options = { grid: own, generator, given, lastNoise: method.lastNoise };
      const ends = sampler.endpoints(newest, start, options);
      return cat(
        [start, ends].map((x) => x.reshape([groups * rows, -1])),
        { dim: 1 },
      );
    };
    const whole = pairsOn(grid);
    const part = (pairs: Tensor, i: number) => pairs.narrow(0, (i % groups) * rows, rows);
    const distances = (pairs: Tensor) =>
      Array.from({ length: groups }, (_, i) =>
        slicedWasserstein(part(pairs, i), part(whole, i + 1)),
      );
    const floors = distances(whole);
    const floor = mean(floors);
    const error = Math.sqrt(mean(floors.map((x) => (x - floor) ** 2)) / (groups - 1));
    const isNear = (n: number) => mean(distances(pairsOn(resample(grid, n)))) <= floor + error;
    const all = grid.steps.length;
    const tried = [...new Set(shares.map((share) => Math.ceil(share * all)))];
    const fewest = tried.find((n) => n < all && isNear(n)) ?? all;
    disposeSome(some);
    return fewest;
  });
  return execution.ranks.fromMain(found);
}

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
/** At most so many starts, of which the whole grid makes two samples. */
const most = 10_000;
/** A distance of so much above that of the two samples is one that shows: about half of it is then due to the steps. */
const shown = 1.1;

/**
 * Steps for the pairs of a half-iteration, simulated with the network of the one before: those of `cacheGrid`, or the
 * fewest of some shares of them whose ends, and whose pairs of start and end, are as near to those of the whole grid, in the
 * sliced 2-Wasserstein distance, as a second sample of that grid. All ranks call it together.
 */
export function measureCacheSteps(
  problem: CompleteProblem,
  half: number,
  sampler: Sampler,
): number {
  const { schedule, seed, data, execution, method } = problem;
  const { cacheGrid: grid } = schedule;
  const all = grid.steps.length;
  const simulates =
    half > schedule.firstPass &&
    method.method.rows?.pairs &&
    method.method.rows.simulation !== "step";
  if (execution.cacheSteps !== "auto" || !simulates) return all;
  const newest = directionOf(problem, half - 1);
  const end = newest === "f" ? "x0" : "x1";
  const generator = stream(seed, `cache-steps/${half}`, data.x0.device);
  const found = tidy(() => {
    const some = someRows(data, Math.min(most, data[end].size(0)), generator);
    const start = data.decode(some[end], { end, generator });
    const given = conditionsAt(some.conditions, end)?.values;
    /** Ends, and pairs of start and end, [n, …] each. */
    const samplesOn = (own: TimeGrid) => {
      const options = { grid: own, generator, given, lastNoise: method.lastNoise };
      const ends = sampler.endpoints(newest, start, options);
      const pairs = cat(
        [start, ends].map((x) => x.flatten({ startDim: 1 })),
        { dim: 1 },
      );
      return [ends, pairs];
    };
    const [one, other] = [samplesOn(grid), samplesOn(grid)];
    const distances = (a: Tensor[], b: Tensor[]) =>
      a.map((x, i) => slicedWasserstein(x, b[i] as Tensor));
    const floor = distances(one, other);
    const isNear = (n: number) => {
      const own = samplesOn(resample(grid, n));
      const [near, nearOther] = [distances(own, one), distances(own, other)] as [
        number[],
        number[],
      ];
      return floor.every(
        (least, i) => ((near[i] as number) + (nearOther[i] as number)) / 2 <= shown * least,
      );
    };
    const tried = [...new Set(shares.map((share) => Math.ceil(share * all)))];
    const fewest = tried.find((n) => n < all && isNear(n)) ?? all;
    disposeSome(some);
    return fewest;
  });
  return execution.ranks.fromMain(found);
}

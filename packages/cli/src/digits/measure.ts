// What the digits are judged by: the share taken for the wanted digit, and how far the points went, beside
// what real digits, independent pairs and the shortest pairs would show.
import {
  assignment,
  type Direction,
  squaredDisplacement,
  squaredDistances,
  stream,
} from "@dsbm/bridge";
import { shareOf } from "@dsbm/nets";
import { noGrad, type Tensor, tidy } from "@dsbm/torch";
import type { Training } from "@dsbm/train";
import type { StartConfig } from "./config.js";
import type { DigitData, DigitPoints } from "./data.js";
import type { Judge } from "./judge.js";

/** How good the ends of one direction are; distances and variances in the space of the components. */
export interface Measures {
  /** Part of the ends that the judge takes for the wanted digit. */
  share: number;
  /** Mean squared distance between start and end. */
  displacement: number;
  /** The same if these starts and ends were paired by exact optimal transport. */
  optimal: number;
  /** Variance of the ends, summed over coordinates. */
  variance: number;
}

/** What to hold the measures against: real test images of the wanted digit. */
export interface Baseline {
  /** Part of them that the judge takes for the wanted digit, as they are. */
  share: number;
  /** The measures if they were the ends, projected, in independent pairs with the starts. */
  projected: Measures;
}

/** Start, real ends, and the digit wanted, of a direction on held-out images. */
export function endsOf(
  { held }: Pick<DigitData, "held">,
  direction: Direction,
  { source, target }: Pick<StartConfig, "source" | "target">,
): { start: DigitPoints; real: DigitPoints; digit: number } {
  return direction === "f"
    ? { start: held.source, real: held.target, digit: target }
    : { start: held.target, real: held.source, digit: source };
}

/** Ends [n, components] of runs from points; the noise of the last step is left out. */
export function results(training: Training, direction: Direction, start: Tensor): Tensor {
  const { schedule, seed } = training.problem;
  const { grid } = schedule;
  const generator = stream(seed, `results/${direction}`);
  return training.sampler.endpoints(direction, start, { grid, generator, lastNoise: false });
}

function totalVariance(points: Tensor): number {
  return points.var({ dim: 0, correction: 1 }).sum().item();
}

/** Mean squared distance of exact optimal pairs; of the first ones where there are more of one kind. */
function optimalDisplacement(starts: Tensor, ends: Tensor): number {
  const n = Math.min(starts.size(0), ends.size(0));
  const costs = squaredDistances(starts.narrow(0, 0, n), ends.narrow(0, 0, n)).toArray();
  return assignment(costs as Float64Array, n).cost / n;
}

interface Court {
  data: DigitData;
  judge: Judge;
  config: StartConfig;
}

/** Measures the newest network of a direction on held-out starts. */
export function measure(
  training: Training,
  direction: Direction,
  { data, judge, config }: Court,
): Measures {
  const { start, digit } = endsOf(data, direction, config);
  return noGrad(() =>
    tidy(() => {
      const ends = results(training, direction, start.points);
      return {
        share: shareOf(judge.classifier, data.projection.reconstruct(ends), digit),
        displacement: squaredDisplacement(ends, start.points),
        optimal: optimalDisplacement(start.points, ends),
        variance: totalVariance(ends),
      };
    }),
  );
}

/** Measures real images of the digit that a direction leads to. */
export function baseline(direction: Direction, { data, judge, config }: Court): Baseline {
  const { start, real, digit } = endsOf(data, direction, config);
  return noGrad(() =>
    tidy(() => ({
      share: shareOf(judge.classifier, real.pixels, digit),
      projected: {
        share: shareOf(judge.classifier, data.projection.reconstruct(real.points), digit),
        displacement: squaredDistances(start.points, real.points).mean().item(),
        optimal: optimalDisplacement(start.points, real.points),
        variance: totalVariance(real.points),
      },
    })),
  );
}

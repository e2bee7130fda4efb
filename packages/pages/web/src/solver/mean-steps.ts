// Discrete DSB (De Bortoli et al. 2021): the network gives the mean of the next point, at the count of the step.
import { type Direction, type Field, plus, type Take } from "./grid.js";

/** One number for each step, in the order of time. */
export interface MeanSchedule {
  scales: readonly number[];
  deviations: readonly number[];
  /** Whether the network gives the mean itself, or what is added to the point, over its scale. */
  meanMatch: boolean;
}

export function meanSteps(
  mean: Field,
  {
    direction,
    schedule: { scales, deviations, meanMatch },
    lastNoise,
    noise,
  }: {
    direction: Direction;
    schedule: MeanSchedule;
    lastNoise: boolean;
    noise: () => Float32Array;
  },
): Take {
  const steps = deviations.length;
  return async (x, { k, isLast }) => {
    const i = direction === "f" ? k : steps - 1 - k;
    const m = await mean(x, k);
    const to = meanMatch ? m : plus(x, scales[i], m);
    return isLast && !lastNoise ? to : plus(to, deviations[i], noise());
  };
}

import { isVectors } from "@dsbm/problem";
import { noGrad, type Tensor, tidy } from "@dsbm/torch";
import { drawsOf, linearExcess } from "../bounds.js";
import { type Accuracy, classifierAccuracy } from "../classifier.js";
import { imageFeatures } from "../images/features.js";
import type { Metric } from "../metric.js";

const fewest = 4;
/**
 * Folds share rows: accuracies vary by this factor more than a binomial share (simulated, n = 6 …
 * 1,000).
 */
const inflation = 1.25;

export const classifierMetric: Metric = {
  name: "c2st",
  title: "classifier two-sample test (accuracy)",
  group: "ends",
  meaning:
    "The accuracy of a small network that separates generated and held-out rows in cross-validation (Lopez-Paz and Oquab 2017): .5 is guessing. Floor: other target rows; ceiling: the untransported source.",
  isNeeded: true,
  scale: "percent",
  measure: (set, context) =>
    noGrad(() =>
      tidy(() => {
        const { seed } = context.options;
        if (Math.min(set.end.size(0), set.data.size(0)) < fewest)
          return `it needs ${fewest} rows of each side`;
        const view = isVectors(context.subject.ends)
          ? (x: Tensor) => x.flatten({ startDim: 1 })
          : imageFeatures;
        const data = view(set.data);
        const against = (x: Tensor) => classifierAccuracy(view(x), data, { seed });
        const value = against(set.end);
        const { floor, ceiling } = context.once(`c2st/${set.key}`, () => {
          const [draw] = drawsOf(set, seed, 1);
          return { floor: against(draw), ceiling: against(set.start) };
        });
        const deviation = (inflation * 0.5) / Math.sqrt(value.n);
        const band = ({ value: x }: Accuracy): [number, number] => {
          const half = 1.96 * deviation;
          return [Math.max(0, x - half), Math.min(1, x + half)];
        };
        return {
          value: value.value,
          interval: band(value),
          floor: floor.value,
          floor_interval: band(floor),
          ceiling: ceiling.value,
          excess: linearExcess(
            { value: value.value, floor: 0.5, ceiling: ceiling.value },
            deviation,
          ),
          n: value.n / 2,
        };
      }),
    ),
};

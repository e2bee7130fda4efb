import { meanEstimate, sourceOf } from "@dsbm/bridge";
import { marginalsOf, relativeMasses } from "@dsbm/datasets";
import { tidy } from "@dsbm/torch";
import { measurementOfEstimate } from "../bounds/measurement.js";
import type { Metric, MetricData } from "../metric.js";

const noGrowth = "the method has no growth";

const needsGrowth = ({ datasets, config }: MetricData): string | null =>
  relativeMasses(config, marginalsOf(datasets)) ? null : noGrowth;

/** Metrics of the masses of a method with growth. */
export const growthMetrics: readonly Metric[] = [
  {
    name: "mass",
    title: "relative mass",
    group: "endpoints",
    meaning:
      "The mass of the transported source divided by the mass of the target. It should be 1.",
    better: "target",
    serves: needsGrowth,
    measure({ direction, weights }, { subject }) {
      const masses = relativeMasses(subject.trained.config, marginalsOf(subject.datasets));
      if (!masses || !weights) return noGrowth;
      const ratio = masses.at(-1) as number;
      const expected = sourceOf(direction) === "x0" ? ratio : 1 / ratio;
      return {
        ...measurementOfEstimate(tidy(() => meanEstimate(weights.div(expected)))),
        target: 1,
      };
    },
  },
  {
    name: "ess_ratio",
    title: "effective sample size, ratio",
    group: "path",
    meaning:
      "The effective sample size of the masses w, divided by the number of samples: (Σw)²/(nΣw²).",
    better: "higher",
    serves: needsGrowth,
    measure({ weights }) {
      if (!weights) return noGrowth;
      const of = (power: 1 | 2) => tidy(() => weights.to("float64").pow(power).mean().item());
      return { value: of(1) ** 2 / of(2) };
    },
  },
];

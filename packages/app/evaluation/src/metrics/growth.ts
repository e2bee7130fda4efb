import { sourceOf } from "@dsbm/bridge";
import { marginalsOf, relativeMasses } from "@dsbm/problem";
import { tidy } from "@dsbm/torch";
import type { DataFacts, Metric, SampleSet } from "../metric.js";

function needsGrowth({ ends, config }: DataFacts): string | null {
  return relativeMasses(config, marginalsOf(ends).length) ? null : "the method has no growth";
}

const weightsOf = ({ weights }: SampleSet): number[] => weights?.toNumbers() ?? [];

export const growthMetrics: readonly Metric[] = [
  {
    name: "mass",
    title: "total mass at the end",
    group: "ends",
    meaning:
      "The mass that the source's samples have become, over that of the target; it should be 1.",
    better: "target",
    isRare: true,
    serves: needsGrowth,
    measure(set, { subject }) {
      const masses = relativeMasses(subject.trained.config, marginalsOf(subject.ends).length) ?? [
        1,
      ];
      const ratio = (masses.at(-1) as number) / (masses[0] as number);
      const expected = sourceOf(set.direction) === "x0" ? ratio : 1 / ratio;
      const grown = weightsOf(set).map((w) => w / expected);
      const mean = grown.reduce((a, b) => a + b, 0) / grown.length;
      const variance = grown.reduce((sum, w) => sum + (w - mean) ** 2, 0) / (grown.length - 1);
      const margin = 1.96 * Math.sqrt(variance / grown.length);
      return { value: mean, target: 1, interval: [mean - margin, mean + margin] };
    },
  },
  {
    name: "effective_share",
    title: "effective share of the samples",
    group: "path",
    meaning:
      "(Σw)²/(nΣw²) of the samples' masses w: the part of the samples that an average over masses is worth.",
    better: "higher",
    isRare: true,
    serves: needsGrowth,
    measure: (set) =>
      tidy(() => {
        const weights = weightsOf(set);
        const sum = weights.reduce((a, b) => a + b, 0);
        const squares = weights.reduce((a, w) => a + w * w, 0);
        return { value: sum ** 2 / (weights.length * squares) };
      }),
  },
];

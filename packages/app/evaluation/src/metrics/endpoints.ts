import {
  columnWasserstein,
  energyStatistic,
  leastVarianceRatio,
  mmdStatistic,
  stream,
  valueStatistics,
} from "@dsbm/bridge";
import { isVectors } from "@dsbm/datasets";
import { strayValues } from "@dsbm/inference";
import { cat, randn, randperm, type Tensor, tidy } from "@dsbm/torch";
import { usualDraws } from "../bounds/floor-draws.js";
import { measurePairs, type PairGroup } from "../bounds/pair-metrics.js";
import { standardFeatures } from "../images/features.js";
import type { MeasurementContext, Metric, MetricData, TwoSampleMetric } from "../metric.js";
import type { SampleSubject } from "../subject.js";

const projectionCount = 128;
const mostValues = 512;

/** Returns why a metric of vectors is not for these data, or null. */
export const forVectors = ({ datasets }: MetricData<SampleSubject>): string | null =>
  isVectors(datasets) ? null : "it is for vectors";

const forCovariances = ({ datasets, config }: MetricData<SampleSubject>): string | null => {
  const [values = 0] = datasets.shape;
  if (values > mostValues) return `it is for up to ${mostValues} values`;
  return forVectors({ datasets, config });
};

const exactWasserstein = (p: 1 | 2): TwoSampleMetric<SampleSubject> => ({
  name: `w${p}`,
  title: `exact ${p}-Wasserstein`,
  group: "endpoints",
  meaning: `The ${p}-Wasserstein distance between generated and target rows, by exact optimal transport.`,
  ...(p === 2 && { columns: { value: "w2", floor: "data_w2" } }),
  variants: p === 1 ? ["marginals", "held_out", "nearest"] : ["marginals"],
  serves: forVectors,
  power: 1,
  maximumRows: (rows) => rows,
  floorDraws: (n) => Math.max(1, Math.min(4, Math.floor(2000 / n))),
  compare: (x, y, { seed, context }) => context.distances.wasserstein(x, y, { p, seed }),
});

const w1 = exactWasserstein(1);

/** W1 less half of the W1 between the halves of each side, which is what few rows cost. */
const debiasedDistance: TwoSampleMetric<SampleSubject>["compare"] = async (
  x,
  y,
  { seed, context },
) => {
  const distance = (a: Tensor, b: Tensor) => context.distances.wasserstein(a, b, { p: 1, seed });
  const within = (z: Tensor, side: string) => {
    const rows = randperm(z.size(0), { generator: stream(seed, `metric/halves/${side}`) });
    const half = Math.floor(z.size(0) / 2);
    const part = (first: number) => z.indexSelect(0, rows.narrow(0, first, half));
    return distance(part(0), part(half));
  };
  // All rows are read before anything is awaited.
  const distances = await Promise.all([distance(x, y), within(x, "x"), within(y, "y")]);
  const [{ value, low, high }, ...inside] = distances;
  const bias = inside.reduce((sum, one) => sum + one.value / 2, 0);
  return { value: value - bias, low: low - bias, high: high - bias };
};

function alongDirections(x: Tensor, context: MeasurementContext<SampleSubject>): Tensor {
  return tidy(() => {
    const { seed } = context.options;
    const rows = x.flatten({ startDim: 1 }).to("float64");
    const dim = rows.size(1);
    const generator = stream(seed, "metric/directions");
    const atOnce = Math.min(projectionCount, Math.max(1, Math.floor(2 ** 22 / dim)));
    const parts: Tensor[] = [];
    for (let first = 0; first < projectionCount; first += atOnce) {
      const shape = [Math.min(atOnce, projectionCount - first), dim];
      const draw = () => randn(shape, { generator, dtype: "float64" });
      const theta =
        atOnce < projectionCount
          ? draw()
          : context.once(`directions/${dim}`, () => context.own(draw));
      parts.push(rows.mm(theta.t()).div(theta.square().sum(1).sqrt()));
    }
    return cat(parts, { dim: 1 });
  });
}

const totalVariance = (x: Tensor): number =>
  tidy(() => x.flatten({ startDim: 1 }).to("float64").var({ dim: 0, correction: 1 }).sum().item());

/** A moment in the networks' units, shown only on request. */
function moment(name: "mean" | "var" | "sample_var", title: string): Metric<SampleSubject> {
  const target = `data_${name}`;
  const ceiling = name === "sample_var" ? undefined : `start_${name}`;
  return {
    name: `end_${name}`,
    title,
    group: "endpoints",
    meaning: `The ${title}, in network units.`,
    better: "target",
    columns: { value: `end_${name}`, target, ...(ceiling && { ceiling }) },
    onRequest: true,
    measure(set, context) {
      const of = (part: "generatedRows" | "targetRows" | "sourceRows") =>
        context.once(`statistics/${part}`, () => valueStatistics(set[part]), set)[name];
      return { value: of("generatedRows"), target: of("targetRows"), ceiling: of("sourceRows") };
    },
  };
}

const rowPairs: PairGroup<"energy" | "mmd"> = {
  key: "rows",
  draws: 2,
  statistics: (widths) => ({ energy: energyStatistic, mmd: mmdStatistic(widths()) }),
};

const featurePairs: PairGroup<"energy"> = {
  key: "features",
  draws: usualDraws,
  isDecisive: true,
  view: (set) => standardFeatures(set.floorRows()),
  statistics: () => ({ energy: energyStatistic }),
};

/** Distances and moments of generated samples. */
export const endpointMetrics: readonly Metric<SampleSubject>[] = [
  {
    name: "sliced_w2",
    title: "sliced 2-Wasserstein",
    group: "endpoints",
    meaning: `The 2-Wasserstein distance between projections of generated and target rows, root mean square over ${projectionCount} random directions.`,
    isNeeded: true,
    role: "substitute",
    variants: ["marginals", "conditions", "middle"],
    isHeadline: true,
    columns: { value: "sliced_w2", floor: "data_sliced_w2", ceiling: "start_sliced_w2" },
    power: 1,
    // Projected once: half-samples need no further products.
    view: (_, context) => (x) => alongDirections(x, context),
    compare: (x, y) =>
      Math.hypot(...columnWasserstein(x, y, { p: 2 })) / Math.sqrt(projectionCount),
  },
  {
    name: "feature_distance",
    title: "energy distance of image features",
    group: "endpoints",
    meaning:
      "The energy distance between features of generated and target images: colours, and edges of several sizes, on a grid.",
    columns: { value: "feature_distance", floor: "data_feature_distance" },
    isNeeded: true,
    role: "main",
    variants: ["conditions", "middle"],
    serves: ({ datasets }) => (isVectors(datasets) ? "it is for images" : null),
    measure: (set, context) => measurePairs(featurePairs, "energy", { set, context, power: 0 }),
  },
  exactWasserstein(2),
  w1,
  {
    ...w1,
    name: "debiased_w1",
    variants: ["held_out"],
    title: "exact 1-Wasserstein, debiased",
    meaning: `W1 minus half of the W1 within each side, between two halves of its rows. With few rows, plain W1 rewards samples that are too alike; the difference corrects most of this.`,
    onRequest: true,
    floorDraws: () => 2,
    compare: debiasedDistance,
  },
  {
    name: "variance_ratio",
    title: "variance ratio",
    group: "endpoints",
    meaning:
      "The variance of generated rows divided by the variance of target rows. Below 1, generated samples are too alike.",
    better: "target",
    target: 1,
    columns: { value: "variance_ratio" },
    role: "spread",
    variants: ["conditions", "middle", "held_out"],
    scale: "percent",
    compare: (x, y) => (totalVariance(y) > 0 ? totalVariance(x) / totalVariance(y) : null),
  },
  {
    name: "variance_ratio_least",
    role: "spread",
    title: "variance ratio, worst direction",
    group: "endpoints",
    meaning:
      "The lowest variance ratio along a principal axis, among the axes that hold 95 % of the target's variance.",
    better: "target",
    target: 1,
    serves: forCovariances,
    compare: leastVarianceRatio,
  },
  {
    name: "energy_distance",
    title: "energy distance",
    group: "endpoints",
    meaning: "2 E|X − Y| − E|X − X′| − E|Y − Y′|: 0 only if the distributions are equal.",
    role: "alternative",
    serves: forVectors,
    measure: (set, context) => measurePairs(rowPairs, "energy", { set, context, power: 1 }),
  },
  {
    name: "mmd",
    title: "MMD²",
    group: "endpoints",
    meaning:
      "The squared maximum mean discrepancy, unbiased, with Gaussian kernels of ¼ to 4 median distances.",
    role: "alternative",
    serves: forVectors,
    measure: (set, context) =>
      measurePairs(rowPairs, "mmd", { set, context, power: 0, isSigned: true }),
  },
  moment("mean", "mean of the generated values"),
  moment("var", "variance of all generated values"),
  moment("sample_var", "variance over generated rows"),
];

/** Of a continuous column, two rows of several hundred lie outside the range of as many others. */
const leastOpenShare = 0.02;

/** The values that `dsbm sample` warns about. */
export const strayMetric: Metric = {
  name: "out_of_range",
  title: "values out of range",
  group: "endpoints",
  meaning:
    "The share of generated values outside the range of their column, or not whole in a column of whole numbers. Floor: held-out data.",
  serves: ({ datasets }) => (datasets.columns ? null : "it is for tables"),
  measure: (set, { subject }) => {
    const { columns } = subject.trained;
    const counted = (x: Tensor) => {
      const stray = strayValues(
        columns as NonNullable<typeof columns>,
        set.direction === "f" ? 1 : 0,
      );
      stray.add(
        tidy(() =>
          subject
            .own(set.target, x)
            .to("float64")
            .unbind({ dim: 1 })
            .map((column) => column.toArray()),
        ) as Float64Array[],
      );
      return stray;
    };
    const generated = counted(set.generatedRows);
    const note = generated.lines().join("; ");
    const open = generated.openColumns(leastOpenShare);
    return {
      value: generated.share(),
      floor: counted(set.targetRows).share(),
      ...(note && { note }),
      ...(open.length > 0 && { open_columns: open }),
    };
  },
};

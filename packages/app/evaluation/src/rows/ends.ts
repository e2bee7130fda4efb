// How far the ends of a bridge are from the target, beside other data of the target and the untouched source.
import {
  bootstrapped,
  bw2Uvp,
  type Estimate,
  energyDistance,
  intervalOf,
  kernelWidths,
  mmd,
  momentErrors,
  slicedEstimate,
  slicedWasserstein,
  subsample,
  varianceKept,
  wasserstein,
} from "@dsbm/bridge";
import type { QualityRow } from "@dsbm/runs";
import { type Tensor, tidy } from "@dsbm/torch";
import { type Carried, drawsOf, type MeasureOptions } from "../carried.js";
import { type Subject, scaled } from "../subject.js";

interface EndMetric {
  name: string;
  title: string;
  about: string;
  better?: "target";
  /** Its unit is that of the samples to this power. */
  power: 0 | 1 | 2;
  /** Points of each side at most, and draws of the floor for so many points. */
  most?: number;
  draws?: (n: number) => number;
  /** The metric with its interval. */
  estimate(x: Tensor, y: Tensor, at: At): Estimate;
  /** The metric alone (default: that of `estimate`). */
  value?(x: Tensor, y: Tensor, at: At): number;
  /** Whether it is measured of pictures and fields too. */
  pictures?: boolean;
}

interface At {
  seed: number;
  /** Bandwidths from data alone, so that value, floor and ceiling have the same kernel. */
  widths: () => number[];
}

const resamples = 100;
const directions = 64;
/** Points of each side whose distances are all compared, at most. */
const mostPairs = 2000;
/** Values of a sample up to which covariances are computed. */
const mostValues = 512;

const exact = (p: 1 | 2): EndMetric => ({
  name: `w${p}`,
  title: `exact ${p}-Wasserstein`,
  about: `the least mean ${p === 1 ? "distance" : "squared distance (its root)"} by which the ends can be moved onto the data`,
  power: 1,
  draws: (n) => Math.max(1, Math.min(4, Math.floor(2000 / n))),
  estimate: (x, y, { seed }) => wasserstein(x, y, { p, seed }),
});

function moment(
  metric: (x: Tensor, y: Tensor) => number,
  facts: Pick<EndMetric, "name" | "title" | "about" | "power">,
): EndMetric {
  return {
    ...facts,
    estimate: (x, y, { seed }) => bootstrapped(x, y, metric, { seed, resamples: 50, least: 0 }),
    value: metric,
  };
}

const kept = (
  what: "total" | "least",
  facts: Pick<EndMetric, "name" | "title" | "about">,
): EndMetric => ({
  ...facts,
  better: "target",
  power: 0,
  pictures: what === "total",
  estimate: (x, y, { seed }) => varianceKept(x, y, { seed })[what] as Estimate,
});

/** The most important first. */
const endMetrics: readonly EndMetric[] = [
  {
    name: "sliced_w2",
    title: "sliced 2-Wasserstein",
    about: `distance of ends and data along ${directions} random directions, root mean square`,
    power: 1,
    pictures: true,
    estimate: (x, y, { seed }) => slicedEstimate(x, y, { directions, seed, resamples }),
    value: (x, y, { seed }) => slicedWasserstein(x, y, { directions, seed }),
  },
  exact(2),
  exact(1),
  kept("total", {
    name: "variance_kept",
    title: "variance kept",
    about:
      "the variance of the ends over that of the data: below 1 the bridge makes samples too alike",
  }),
  kept("least", {
    name: "variance_kept_least",
    title: "variance kept, least direction",
    about:
      "the same along the principal direction of the data that keeps least, of those that hold 95 % of the variance",
  }),
  {
    name: "energy_distance",
    title: "energy distance",
    about: "2 E|X − Y| − E|X − X′| − E|Y − Y′|, which is 0 only for equal distributions",
    power: 1,
    most: mostPairs,
    draws: () => 2,
    estimate: (x, y, { seed }) => energyDistance(x, y, { seed, resamples }),
    value: (x, y) => energyDistance(x, y).value,
  },
  {
    name: "mmd",
    title: "MMD²",
    about:
      "squared maximum mean discrepancy, unbiased, of Gaussian kernels of ¼ to 4 median distances",
    power: 0,
    most: mostPairs,
    draws: () => 2,
    estimate: (x, y, { seed, widths }) => mmd(x, y, { seed, resamples, bandwidth: widths() }),
    value: (x, y, { widths }) => mmd(x, y, { bandwidth: widths() }).value,
  },
  moment(bw2Uvp, {
    name: "bw2_uvp",
    title: "BW²-UVP, %",
    about:
      "squared 2-Wasserstein distance of the Gaussians of the same moments, in percent of the data's variance",
    power: 0,
  }),
  moment((x, y) => momentErrors(x, y).mean, {
    name: "mean_error",
    title: "error of the mean",
    about: "Euclidean distance of the means",
    power: 1,
  }),
  moment((x, y) => momentErrors(x, y).covariance, {
    name: "covariance_error",
    title: "error of the covariance",
    about: "Frobenius distance of the covariances",
    power: 2,
  }),
];

export const endMetricNames: readonly string[] = endMetrics.map(({ name }) => name);

export async function endRows(
  carried: Carried,
  { vectors, unit }: Pick<Subject, "vectors" | "unit">,
  options: MeasureOptions,
): Promise<QualityRow[]> {
  const values = carried.end.numel / carried.end.size(0);
  const wanted = endMetrics
    .filter(({ name, pictures }) => options.wants(name) && (vectors || pictures))
    .filter(
      ({ name }) => !/^(bw2|covariance|variance_kept_least)/.test(name) || values <= mostValues,
    );
  const rows: QualityRow[] = [];
  for (const metric of wanted) {
    if (await options.stopped(`measuring ${carried.direction}, ${metric.title}`)) break;
    rows.push(tidy(() => rowOf(metric, carried, unit, options)));
  }
  return rows;
}

function rowOf(
  metric: EndMetric,
  carried: Carried,
  unit: number,
  { seed, exact: most }: MeasureOptions,
): QualityRow {
  const cap = metric.name.startsWith("w") ? most : (metric.most ?? Number.POSITIVE_INFINITY);
  const some = (t: Tensor, side: "x" | "y") => subsample(t, side, { most: cap, seed });
  const draws = drawsOf(carried, seed, metric.draws?.(Math.min(cap, carried.start.size(0)))).map(
    (t) => some(t, "x"),
  );
  const [end, start, data] = [
    some(carried.end, "x"),
    some(carried.start, "x"),
    some(carried.data, "y"),
  ];
  let widths: number[] | null = null;
  const at: At = {
    seed,
    widths: () => (widths ??= kernelWidths(draws[0] as Tensor, data, { seed })),
  };
  const value = metric.value ?? ((x, y, there) => metric.estimate(x, y, there).value);
  const by = unit ** metric.power;
  const floor = scaled(
    draws.length > 1
      ? spread(draws.map((draw) => value(draw, data, at)))
      : metric.estimate(draws[0] as Tensor, data, at),
    by,
  );
  return {
    metric: metric.name,
    title: metric.title,
    direction: carried.direction,
    ...scaled(metric.estimate(end, data, at), by),
    floor: floor.value,
    floor_low: floor.low,
    floor_high: floor.high,
    ceiling: value(start, data, at) * by,
    better: metric.better ?? "lower",
    ...(metric.better && { target: 1 }),
    group: "ends",
    about: `${metric.about}; ${end.size(0)} ends against ${data.size(0)} data; floor: as many other data; ceiling: the untouched source`,
  };
}

/** The mean of the same number of several samples, and the interval of one. */
function spread(values: readonly number[]): Estimate {
  const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
  if (values.length < 4)
    return { value: mean, low: Math.min(...values), high: Math.max(...values) };
  return intervalOf(mean, values);
}

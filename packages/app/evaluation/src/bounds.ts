import { type Estimate, kernelWidths, stream, subsample } from "@dsbm/bridge";
import { average, deviation, type Excess } from "@dsbm/runs";
import { noGrad, randperm, type Tensor, tensor, tidy } from "@dsbm/torch";
import type {
  Compared,
  Comparison,
  Measurement,
  Measuring,
  SampleSet,
  TwoSampleMetric,
} from "./metric.js";
import type { SampleSubject } from "./subject.js";

const usualDraws = 8;
const repeats = { decisive: 32, other: 12, least: 6 };
/** The share of the remaining time for the half-samples of one metric. */
const shareOfTime = 0.1;
/**
 * Half-samples triple the variance of a degenerate statistic (half for the floor) instead of
 * keeping it. The surplus is subtracted, down to the noise of two samples of one distribution.
 */
const surplus = 2.5;
const leastNoise = 1.2;

/** Returns draws of n rows of the reserve, or one draw if it has at most n rows. */
export function drawsOf(set: SampleSet, seed: number, count = usualDraws): Tensor[] {
  const reserve = set.reserve();
  const total = reserve.size(0);
  const n = set.start.size(0);
  return Array.from({ length: total > n ? count : 1 }, (_, k) => {
    const order = randperm(total, { generator: stream(seed, `quality/floor/${k}`) });
    return reserve.indexSelect(0, order.narrow(0, 0, Math.min(n, total)));
  });
}

export const estimated = ({ value, low, high }: Estimate, unit = 1): Measurement => ({
  value: value * unit,
  interval: [low * unit, high * unit],
});

/** Values of the components of a metric; null without a value. */
type Compare = (x: Tensor, y: Tensor) => readonly number[] | null;

/** The four samples that a metric compares, on the processor. */
interface FourSamples {
  generated: Tensor;
  data: Tensor;
  /** Further target rows, at least two for each generated row; null: no floor. */
  reserve: Tensor | null;
  source: Tensor | null;
}

/** Half-samples of data, reserve and source are the same for all sets of one key. */
interface Halves {
  value: number[];
  floors: [number, number][];
  ceiling: number[];
}

interface HalfOptions {
  context: Measuring<SampleSubject>;
  /** Where values of data, reserve and source are kept for further sets; default: nowhere. */
  key?: string;
  isDecisive?: boolean | undefined;
}

/**
 * A metric of random halves of its samples, for each component. Halves are drawn without replacement, since repeated
 * rows would make distances larger; they vary as the whole does if a statistic is linear (delete-half jackknife, Shao
 * and Wu 1989).
 */
export function halvesOf(
  { generated, data, reserve, source }: FourSamples,
  compare: Compare,
  { context, key, isDecisive = false }: HalfOptions,
): Halves[] {
  const half = (x: Tensor, of: string, k: number, part = 0) => {
    const size = Math.max(1, Math.floor(generated.size(0) / 2));
    const count = of === "reserve" ? size : Math.max(1, Math.floor(x.size(0) / 2));
    const order = randperm(x.size(0), { generator: stream(seed, `quality/half/${of}/${k}`) });
    const first = Math.min(part * count, x.size(0) - count);
    return x.indexSelect(0, order.narrow(0, Math.max(0, first), Math.min(count, x.size(0))));
  };
  const { seed, clock } = context.options;
  const time = clock.part(shareOfTime);
  const components: Halves[] = [];
  const most = isDecisive ? repeats.decisive : repeats.other;
  for (let k = 0; k < (time.isUp ? repeats.least : most); k++)
    tidy(() => {
      const y = half(data, "data", k);
      const values = compare(half(generated, "generated", k), y) ?? [];
      const ofBounds = () =>
        [
          reserve && half(reserve, "reserve", k, 0),
          reserve && half(reserve, "reserve", k, 1),
          source && half(source, "source", k),
        ].map((x) => x && compare(x, y));
      const [first, second, ceiling] = key
        ? context.once(`${key}/half/${k}`, ofBounds)
        : ofBounds();
      for (const [i, value] of values.entries()) {
        components[i] ??= { value: [], floors: [], ceiling: [] };
        components[i].value.push(value);
        if (first && second) components[i].floors.push([first[i], second[i]]);
        if (ceiling) components[i].ceiling.push(ceiling[i]);
      }
    });
  return components;
}

interface Bounded {
  value: number;
  floor: number;
  ceiling: number;
}

interface Whole {
  value: number;
  floor: number | null;
  ceiling: number | null;
}

/** Intervals of a component from its values on whole samples and on halves. */
export function measurementOf(
  { value, floor, ceiling }: Whole,
  halves: Halves,
  {
    isSquare = false,
    least,
    isDistance = true,
  }: { isSquare?: boolean | undefined; least?: number | undefined; isDistance?: boolean } = {},
): Measurement {
  const half = 1.96 * deviation(halves.value);
  const clipped = (x: number) => (least === undefined ? x : Math.max(least, x));
  const floors = halves.floors.map(([first]) => first);
  // Sampling noise falls as 1/√n, its square as 1/n.
  const floorHalf = (1.96 * deviation(floors)) / (isSquare ? 2 : Math.SQRT2);
  const excess =
    floor === null || ceiling === null || !isDistance
      ? undefined
      : excessOf({ value, floor, ceiling }, halves, isSquare);
  return {
    value,
    interval: [clipped(value - half), value + half],
    floor,
    ...(floor !== null && {
      floor_interval: [clipped(floor - floorHalf), floor + floorHalf],
    }),
    ceiling,
    ...(excess && { excess }),
  };
}

/**
 * The remaining share of the distance from ceiling to floor. Squares are compared: sampling noise
 * adds to the square of a distance, so a difference of squares has no bias at any n.
 */
function excessOf({ value, floor, ceiling }: Bounded, halves: Halves, isSquare: boolean): Excess {
  const square = (x: number) => (isSquare ? x : x * Math.abs(x));
  const whole = { value: square(value), floor: square(floor), ceiling: square(ceiling) };
  const left = shareOf(whole);
  const floors = halves.floors.map(([a, b]) => (square(a) + square(b)) / 2);
  const ways = halves.ceiling.map((x, k) => square(x) - floors[k]);
  const rests = halves.value.map((x, k) => square(x) - floors[k]);
  const differences = halves.floors.map(([a, b]) => square(a) - square(b));
  // Two draws differ by √2 times the noise of one, and half of the rows have twice the noise.
  const none = deviation(differences) / Math.SQRT2 / 2;
  // First order error of a ratio.
  const errors = rests.map((x, k) => x - left * ways[k]);
  const error = Math.sqrt(
    Math.max(deviation(errors) ** 2 - surplus * none ** 2, leastNoise * none ** 2),
  );
  return excess(whole, { error, none, ways: deviation(ways), isSquared: true });
}

/** The excess of a value with a known floor whose samples deviate alike. */
export function linearExcess(whole: Bounded, deviation: number): Excess {
  const error = deviation * Math.hypot(1, shareOf(whole));
  return excess(whole, { error, none: deviation, ways: deviation, isSquared: false });
}

/** The excess of an exact distance; its interval holds the variation of floor and ceiling. */
function distanceExcess({ value, low, high }: Estimate, floor: number, ceiling: number): Excess {
  const whole = { value: value ** 2, floor: floor ** 2, ceiling: ceiling ** 2 };
  const deviation = (Math.SQRT2 * (high - low)) / (2 * 1.96);
  const ofSquare = (distance: number) => 2 * distance * deviation;
  const error = Math.hypot(ofSquare(value), shareOf(whole) * ofSquare(ceiling));
  return excess(whole, {
    error,
    none: ofSquare(floor),
    ways: ofSquare(ceiling),
    isSquared: true,
  });
}

const shareOf = ({ value, floor, ceiling }: Bounded): number => (value - floor) / (ceiling - floor);

/** Deviations of the remaining distance, and of a value without and with a difference. */
interface Deviations {
  error: number;
  none: number;
  ways: number;
  /** Whether values are squares: without a difference they fall as 1/n instead of 1/√n. */
  isSquared: boolean;
}

function excess(whole: Bounded, { error, none, ways, isSquared }: Deviations): Excess {
  const way = whole.ceiling - whole.floor;
  if (!(way > 0)) return { value: 1, low: 0, high: 1, power: 0.05, more: null, isSquared };
  const left = shareOf(whole);
  const width = (1.96 * error) / way;
  const inUnits = (x: number) => Math.max(0, x) ** (isSquared ? 0.5 : 1);
  // The power of a test at the 5 % level with `times` as many rows.
  const power = (times: number) => {
    const noise = none / times ** (isSquared ? 1 : 0.5);
    const deviation = Math.max(ways / Math.sqrt(times), noise, Number.MIN_VALUE);
    return normalBelow((way - 1.645 * noise) / deviation);
  };
  let times = 1;
  while (times <= mostRows && power(times) < enough) times *= 1.1;
  return {
    value: inUnits(left),
    low: inUnits(left - width),
    // A value below its floor is noise: it does not lower the upper end of the interval.
    high: inUnits(Math.max(0, left) + width),
    power: power(1),
    more: times <= mostRows ? times : null,
    isSquared,
  };
}

const enough = 0.8;
/** The greatest factor of rows that is tried. */
const mostRows = 1000;

/** The standard normal distribution function. */
const normalBelow = (x: number): number =>
  0.5 +
  0.5 *
    tidy(() =>
      tensor(x / Math.SQRT2, { dtype: "float64" })
        .erf()
        .item(),
    );

/** Measures a metric of two samples. Bounds are kept for later sets with the same rows. */
export async function compareSamples<S extends SampleSubject>(
  metric: TwoSampleMetric<S>,
  set: SampleSet,
  context: Measuring<S>,
): Promise<Measurement> {
  const { seed, intervals } = context.options;
  const { floor: hasFloor, ceiling: hasCeiling } = set.bounds ?? { floor: true, ceiling: true };
  const cap = metric.most?.(context.options.exact) ?? Number.POSITIVE_INFINITY;
  const view = metric.view?.(set, context) ?? ((x: Tensor) => x);
  const some = (x: Tensor, side: "x" | "y") => view(subsample(x, side, { most: cap, seed }));
  const options: Comparison<S> = {
    seed,
    context,
    widths: () =>
      context.once(`widths/${set.key}`, () => {
        const [draw] = drawsOf(set, seed, 1);
        return kernelWidths(some(draw, "x"), some(set.data, "y"), { seed });
      }),
  };
  const unit = set.unit ** (metric.power ?? 0);
  const inUnits = (comparison: Compared): Compared =>
    comparison instanceof Object
      ? { value: comparison.value * unit, low: comparison.low * unit, high: comparison.high * unit }
      : comparison && comparison * unit;
  const compare = (x: Tensor, y: Tensor) => {
    const comparison = metric.compare(x, y, options);
    return comparison instanceof Promise ? comparison.then(inUnits) : inUnits(comparison);
  };
  const key = `bounds/${metric.name}/${set.key}`;
  // Promises hold no tensors.
  const { later } = noGrad(() =>
    tidy(() => {
      const end = some(set.end, "x");
      const data = some(set.data, "y");
      const start = some(set.start, "x");
      const value = compare(end, data);
      // A metric that is computed in a thread brings its own interval.
      const halves =
        intervals && !(value instanceof Promise)
          ? halvesOf(
              {
                generated: end,
                data,
                reserve: hasFloor ? view(set.reserve()) : null,
                source: hasCeiling ? start : null,
              },
              (x, y) => {
                const one = numberOf(compare(x, y) as Compared);
                return one === null ? null : [one];
              },
              { context, key, isDecisive: metric.isNeeded },
            )
          : [];
      // After what may throw: a failure is then awaited with the rest.
      const bounds = context.once(key, async () => {
        const count = metric.draws?.(Math.min(cap, set.start.size(0))) ?? usualDraws;
        const draws = hasFloor ? drawsOf(set, seed, count) : [];
        const [ceiling = null, ...floors] = await Promise.all([
          hasCeiling ? compare(start, data) : null,
          ...draws.map((draw) => compare(some(draw, "x"), data)),
        ]);
        const values = floors.map(numberOf).filter((value) => value !== null);
        return { floor: values.length > 0 ? average(values) : null, ceiling: numberOf(ceiling) };
      });
      return { later: Promise.all([value, bounds, halves, end.size(0)]) };
    }),
  );
  const [comparison, { floor, ceiling }, [halves], n] = await later;
  const value = numberOf(comparison);
  if (value === null) return { value };
  const isDistance = (metric.better ?? "lower") === "lower";
  const least = metric.isSigned ? undefined : 0;
  const whole = { value, floor, ceiling };
  if (halves) return { ...measurementOf(whole, halves, { ...metric, least, isDistance }), n };
  if (!(comparison instanceof Object) || !Number.isFinite(comparison.low)) return { ...whole, n };
  return {
    ...whole,
    ...estimated(comparison),
    ...(floor !== null &&
      ceiling !== null && { excess: distanceExcess(comparison, floor, ceiling) }),
    n,
  };
}

const numberOf = (comparison: Compared): number | null =>
  comparison instanceof Object ? comparison.value : comparison;

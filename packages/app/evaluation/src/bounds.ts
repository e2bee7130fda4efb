// Floors, ceilings and intervals: of the target against itself, of the untouched source, and by bootstrap.
import {
  bootstrapped,
  type Estimate,
  intervalOf,
  kernelWidths,
  stream,
  subsample,
} from "@dsbm/bridge";
import { noGrad, randperm, type Tensor, tidy } from "@dsbm/torch";
import type { Measuring } from "./measuring.js";
import type { Comparison, Measurement, SampleSet, TwoSampleMetric } from "./metric.js";

const usualDraws = 8;

/** Different draws of n rows of the reserve; one if the reserve has no more than n rows. */
export function drawsOf(set: SampleSet, seed: number, count = usualDraws): Tensor[] {
  const reserve = set.reserve();
  const total = reserve.size(0);
  const n = set.start.size(0);
  return Array.from({ length: total > n ? count : 1 }, (_, k) => {
    const order = randperm(total, { generator: stream(seed, `quality/floor/${k}`) });
    return reserve.indexSelect(0, order.narrow(0, 0, Math.min(n, total)));
  });
}

/** An estimate in another unit. */
export const scaled = ({ value, low, high }: Estimate, unit: number): Estimate => ({
  value: value * unit,
  low: low * unit,
  high: high * unit,
});

/** An estimate as a measurement. */
export const estimated = ({ value, low, high }: Estimate): Measurement => ({
  value,
  interval: [low, high],
});

interface Bounds {
  floor: Estimate | null;
  ceiling: number | null;
}

/** Measures a metric of two samples with its bounds. The bounds are kept for later sets with the same rows. */
export async function compareSamples(
  metric: TwoSampleMetric,
  set: SampleSet,
  context: Measuring,
): Promise<Measurement> {
  const { seed, intervals } = context.options;
  const { floor: hasFloor, ceiling: hasCeiling } = set.bounds ?? { floor: true, ceiling: true };
  const cap = metric.most?.(set.exact ?? context.options.exact) ?? Number.POSITIVE_INFINITY;
  const some = (x: Tensor, side: "x" | "y") => subsample(x, side, { most: cap, seed });
  const options: Comparison = {
    seed,
    context,
    widths: () =>
      context.once(`widths/${set.key}`, () => {
        const [draw] = drawsOf(set, seed, 1) as [Tensor];
        return kernelWidths(some(draw, "x"), some(set.data, "y"), { seed });
      }),
  };
  const estimate = async (x: Tensor, y: Tensor): Promise<Estimate | null> => {
    if (metric.estimate) return metric.estimate(x, y, options);
    const value = metric.compare(x, y, options);
    const sync = (a: Tensor, b: Tensor) => metric.compare(a, b, options) as number;
    const least = (metric.better ?? "lower") === "lower" ? 0 : undefined;
    return value === null ? null : bootstrapped(x, y, sync, { seed, resamples: 50, least });
  };
  // What is awaited holds no tensors.
  const { later } = noGrad(() =>
    tidy(() => {
      const end = some(set.end, "x");
      const data = some(set.data, "y");
      const bounds = context.once(`bounds/${metric.name}/${set.key}`, async (): Promise<Bounds> => {
        const count = metric.draws?.(Math.min(cap, set.start.size(0))) ?? usualDraws;
        const draws = hasFloor ? drawsOf(set, seed, count) : [];
        const [ceiling, ...floors] = await Promise.all([
          hasCeiling ? metric.compare(some(set.start, "x"), data, options) : null,
          ...draws.map((draw) => metric.compare(some(draw, "x"), data, options)),
        ]);
        const values = floors.filter((value) => value !== null);
        return { floor: values.length > 0 ? spread(values) : null, ceiling: ceiling ?? null };
      });
      const value = intervals ? estimate(end, data) : metric.compare(end, data, options);
      return { later: Promise.all([value, bounds, end.size(0)]) };
    }),
  );
  const [found, { floor, ceiling }, n] = await later;
  const by = set.unit ** (metric.power ?? 0);
  if (found === null) return { value: null };
  const own = floor && scaled(floor, by);
  return {
    ...(typeof found === "number" ? { value: found * by } : estimated(scaled(found, by))),
    floor: own?.value ?? null,
    ...(own && own.low < own.high && { floor_interval: [own.low, own.high] as const }),
    ceiling: ceiling === null ? null : ceiling * by,
    n,
  };
}

function spread(values: readonly number[]): Estimate {
  const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
  if (values.length < 4)
    return { value: mean, low: Math.min(...values), high: Math.max(...values) };
  return intervalOf(mean, values);
}

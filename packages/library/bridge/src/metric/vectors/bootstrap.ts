// Bootstrap intervals. A resample is a table of counts, so that metrics need not sort or compare points again.
import { arange, call, cat, full, ones, randint, type Tensor, tidy, zeros } from "@dsbm/torch";
import { argumentError } from "../../core/errors.js";
import { stream } from "../../core/random.js";

/** A value and its 95 % interval. */
export interface Estimate {
  value: number;
  low: number;
  high: number;
}

export interface Resampling {
  /** Resamples (default 100). */
  resamples?: number;
  seed?: number;
}

interface Bound {
  least?: number | undefined;
}

/** How often each of n rows is drawn in each resample, int64 [resamples, n]. */
export function resampleCounts(
  n: number,
  { resamples = 100, seed = 0, purpose = "x" }: Resampling & { purpose?: string } = {},
): Tensor {
  if (!Number.isSafeInteger(resamples) || resamples < 2)
    throw argumentError(`${resamples} resamples; expected a whole number from 2 on`);
  return tidy(() => {
    const generator = stream(seed, `metric/bootstrap/${purpose}`);
    const drawn = randint(0, n, [resamples, n], { generator, dtype: "int64" });
    const counts = zeros([resamples, n], { dtype: "int64" });
    return counts.scatterAdd(1, drawn, ones([resamples, n], { dtype: "int64" }));
  });
}

export const equalWeights = (n: number): Tensor => full([1, n], 1 / n, { dtype: "float64" });

/** Row weights, float64 [1 + resamples, n]: equal, then of each resample. */
export const resampleWeights = (n: number, options: Parameters<typeof resampleCounts>[1]): Tensor =>
  cat([equalWeights(n), resampleCounts(n, options).to("float64").div(n)]);

/** The rows of resample `k`, int64 [n]. */
export function resampledRows(counts: Tensor, k: number): Tensor {
  return tidy(() => {
    const own = counts.select(0, k);
    return repeatedBy(arange(0, own.size(0), { dtype: "int64" }), own);
  });
}

/**
 * The interval of a value: the spread of its resamples, moved to the value, since repeated rows make resampled
 * distances larger. NaN resamples are left out.
 */
export function intervalOf(
  value: number,
  resampled: readonly number[],
  { least = Number.NEGATIVE_INFINITY }: Bound = {},
): Estimate {
  const sorted = resampled.filter(Number.isFinite).sort((a, b) => a - b);
  if (sorted.length === 0) return { value, low: Number.NaN, high: Number.NaN };
  const mean = sorted.reduce((sum, one) => sum + one, 0) / sorted.length;
  const quantile = (share: number) => {
    const at = share * (sorted.length - 1);
    const below = sorted[Math.floor(at)] as number;
    const above = sorted[Math.ceil(at)] as number;
    return below + (at - Math.floor(at)) * (above - below);
  };
  return {
    value,
    low: Math.max(least, value + quantile(0.025) - mean),
    high: value + quantile(0.975) - mean,
  };
}

/** The mean of values, one a sample, and its interval from their variance. */
export function meanEstimate(values: Tensor): Estimate {
  return tidy(() => {
    const all = values.flatten().to("float64");
    const value = all.mean().item();
    const n = all.size(0);
    const half = n > 1 ? 1.96 * Math.sqrt(all.var({ correction: 1 }).item() / n) : 0;
    return { value, low: value - half, high: value + half };
  });
}

/** A metric of two samples and its bootstrap interval. */
export function bootstrapped(
  x: Tensor,
  y: Tensor,
  metric: (x: Tensor, y: Tensor) => number,
  { least, ...resampling }: Resampling & Bound = {},
): Estimate {
  return tidy(() => {
    const own = resampleCounts(x.size(0), { ...resampling, purpose: "x" });
    const other = resampleCounts(y.size(0), { ...resampling, purpose: "y" });
    const again = Array.from({ length: own.size(0) }, (_, k) =>
      tidy(() =>
        metric(x.indexSelect(0, resampledRows(own, k)), y.indexSelect(0, resampledRows(other, k))),
      ),
    );
    return intervalOf(metric(x, y), again, { least });
  });
}

/** Repeats each element as often as its count says. */
export const repeatedBy = (x: Tensor, counts: Tensor): Tensor =>
  call("aten::repeat_interleave", "self_Tensor", x, counts) as Tensor;

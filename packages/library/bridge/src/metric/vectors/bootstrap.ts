import { randint, type Tensor, tidy } from "@dsbm/torch";
import { stream } from "../../core/random.js";

/** A value and its 95 % interval. */
export interface Estimate {
  /** The value of all samples. */
  value: number;
  /** 2.5 % quantile. */
  low: number;
  /** 97.5 % quantile. */
  high: number;
}

const resamples = 100;

/** Rows of each resample of n rows, drawn with replacement, int64 [resamples, n]. */
export function resampledRows(n: number, seed = 0): Tensor {
  return randint(0, n, [resamples, n], { generator: stream(seed, "metric/bootstrap/x") });
}

/**
 * The interval of a value: the spread of its resamples, moved to the value, since repeated rows
 * bias resampled values. Ignores NaN resamples.
 */
export function intervalOf(
  value: number,
  resampled: readonly number[],
  least = Number.NEGATIVE_INFINITY,
): Estimate {
  const sorted = resampled.filter(Number.isFinite).sort((a, b) => a - b);
  if (sorted.length === 0) return { value, low: Number.NaN, high: Number.NaN };
  const mean = sorted.reduce((sum, one) => sum + one, 0) / sorted.length;
  const quantile = (share: number) => {
    const at = share * (sorted.length - 1);
    const below = sorted[Math.floor(at)];
    const above = sorted[Math.ceil(at)];
    return below + (at - Math.floor(at)) * (above - below);
  };
  return {
    value,
    low: Math.max(least, value + quantile(0.025) - mean),
    high: value + quantile(0.975) - mean,
  };
}

/** The mean of values [n], one per sample, and its interval from their variance. */
export function meanEstimate(values: Tensor): Estimate {
  return tidy(() => {
    const all = values.flatten().to("float64");
    const value = all.mean().item();
    const n = all.size(0);
    const half = n > 1 ? 1.96 * Math.sqrt(all.var({ correction: 1 }).item() / n) : 0;
    return { value, low: value - half, high: value + half };
  });
}

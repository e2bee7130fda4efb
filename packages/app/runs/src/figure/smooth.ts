// A noisy series of any length as a line with a band, in few enough points for a figure. The band
// holds every sample.
import { extent } from "./axis.js";

export interface Sample {
  x: number;
  value: number;
}

/** One point of the line, and the band at it. */
export interface Smoothed {
  x: number;
  y: number;
  low: number;
  high: number;
}

/**
 * Samples gathered into at most `most` bins of equal width in x. Each point is the mean, and the range, of
 * the bins around it; `share` is the share of all bins that counts as around.
 */
export function smooth(
  samples: readonly Sample[],
  { most, share }: { most: number; share: number },
): Smoothed[] {
  const bins = binned(samples, Math.min(most, samples.length));
  const reach = Math.floor((share * bins.length) / 2);
  return bins.map(({ x }, i) => {
    const around = bins.slice(Math.max(0, i - reach), i + reach + 1);
    const y = around.reduce((total, bin) => total + bin.y, 0) / around.length;
    const [low] = extent(around.map((bin) => bin.low));
    const [, high] = extent(around.map((bin) => bin.high));
    return { x, y, low, high };
  });
}

function binned(samples: readonly Sample[], count: number): Smoothed[] {
  const [first, last] = extent(samples.map((sample) => sample.x));
  const width = Math.max(1, (last - first + 1) / count);
  const groups: Sample[][] = Array.from({ length: count }, () => []);
  for (const sample of samples) groups[Math.floor((sample.x - first) / width)]?.push(sample);
  const mean = (group: readonly Sample[], key: keyof Sample) =>
    group.reduce((sum, sample) => sum + sample[key], 0) / group.length;
  return groups
    .filter((group) => group.length > 0)
    .map((group) => {
      const [low, high] = extent(group.map((sample) => sample.value));
      return { x: mean(group, "x"), y: mean(group, "value"), low, high };
    });
}

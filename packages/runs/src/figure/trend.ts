// A noisy series of any length as a line with a band: few enough points for a figure, and none of the
// series lost from the band.

export interface Sample {
  step: number;
  value: number;
}

/** One point of the line, and the band there. */
export interface Trend {
  step: number;
  mean: number;
  low: number;
  high: number;
}

/**
 * Samples gathered into at most `most` bins of equal width in steps; each point is the mean, and the
 * range, of the share `smooth` of all bins around it.
 */
export function trend(
  samples: readonly Sample[],
  { most, smooth }: { most: number; smooth: number },
): Trend[] {
  const bins = binned(samples, Math.min(most, samples.length));
  const reach = Math.floor((smooth * bins.length) / 2);
  return bins.map(({ step }, i) => {
    const around = bins.slice(Math.max(0, i - reach), i + reach + 1);
    const mean = around.reduce((total, bin) => total + bin.mean, 0) / around.length;
    const [low] = extent(around.map((bin) => bin.low));
    const [, high] = extent(around.map((bin) => bin.high));
    return { step, mean, low, high };
  });
}

function binned(samples: readonly Sample[], count: number): Trend[] {
  const [first, last] = extent(samples.map((sample) => sample.step));
  const width = Math.max(1, (last - first + 1) / count);
  const groups: Sample[][] = Array.from({ length: count }, () => []);
  for (const sample of samples) groups[Math.floor((sample.step - first) / width)]?.push(sample);
  return groups
    .filter((group) => group.length > 0)
    .map((group) => {
      const [low, high] = extent(group.map((sample) => sample.value));
      return { step: mean(group, "step"), mean: mean(group, "value"), low, high };
    });
}

function mean(samples: readonly Sample[], key: keyof Sample): number {
  return samples.reduce((sum, sample) => sum + sample[key], 0) / samples.length;
}

/** Least and greatest; a run may have more rows than a call takes arguments. */
export function extent(values: readonly number[]): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

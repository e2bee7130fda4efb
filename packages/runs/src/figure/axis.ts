// Domains and ticks that stay readable for the data runs bring: one point, constants, many decades.

/** A linear domain around the values with some air; never empty. */
export function linearDomain(values: readonly number[]): [number, number] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const air = high > low ? 0.06 * (high - low) : Math.max(0.05 * Math.abs(low), 1e-6);
  return [low - air, high + air];
}

/** A logarithmic domain and its ticks: powers of ten, with 2 and 5 between where they are few. */
export function logAxis(values: readonly number[]): { domain: [number, number]; ticks: number[] } {
  const low = Math.min(...values) / 1.15;
  const high = Math.max(...values) * 1.15;
  const decades = Math.log10(high / low);
  const steps = decades < 2 ? [1, 2, 5] : [1];
  const stride = Math.max(1, Math.ceil(decades / 6));
  const ticks: number[] = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e += 1) {
    if (e % stride === 0) ticks.push(...steps.map((m) => Number(`${m}e${e}`)));
  }
  return { domain: [low, high], ticks: ticks.filter((tick) => tick >= low && tick <= high) };
}

/** At most about `count` whole numbers between low and high, at a round stride. */
export function integerTicks(low: number, high: number, count = 9): number[] {
  const stride = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((s) => (high - low) / s <= count);
  const step = stride ?? Math.ceil((high - low) / count);
  const ticks: number[] = [];
  for (let n = Math.ceil(low / step) * step; n <= high; n += step) ticks.push(n);
  return ticks;
}

/** A tick of a logarithmic axis: 0.05, 2, 1e−4. */
export function logTick(value: number): string {
  if (value >= 0.001 && value < 1e4) return String(value);
  return value.toExponential(0).replace("e+", "e").replace("-", "−");
}

/** `count` indexes of 0 … grid − 1 at equal distances, both ends among them. */
export function pickIndexes(grid: number, count: number): number[] {
  const last = Math.max(1, Math.min(count, grid) - 1);
  const picked = Array.from({ length: last + 1 }, (_, i) => Math.round((i * (grid - 1)) / last));
  return [...new Set(picked)];
}

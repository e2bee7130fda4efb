// Domains and ticks of axes. Every axis has numbers, also for one point, for constants and for many decades.

/** Plot's options of one axis. */
export interface Axis {
  domain: [number, number];
  type?: "symlog";
  constant?: number;
  ticks?: number | number[];
  tickFormat?: (value: number) => string;
}

/** Least and greatest value; works for more values than a function call takes arguments. */
export function extent(values: readonly number[]): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** A linear domain around the values with a margin; never empty. */
export function linearDomain(values: readonly number[]): [number, number] {
  const [low, high] = extent(values);
  const margin = high > low ? 0.06 * (high - low) : Math.max(0.05 * Math.abs(low), 1e-6);
  return [low - margin, high + margin];
}

/** The axis of values; on a logarithmic one all must be positive. `base` (10 or 2) decides its ticks. */
export function valueAxis(
  values: readonly number[],
  scale: "linear" | "log" = "linear",
  { base = 10 }: { base?: 10 | 2 } = {},
): Axis {
  if (scale === "linear") return { domain: linearDomain(values), ticks: 5 };
  const [low, high] = extent(values);
  const tight = base === 2 && high > low;
  const domain: [number, number] = tight ? [low, high] : [low / 1.15, high * 1.15];
  // Plot's own logarithmic scale leaves out labels as it likes. This one is the logarithm above its constant.
  const type = { type: "symlog", constant: 1e-6 * low } as const;
  return { ...type, domain, ticks: logTicks(domain, base), tickFormat: logTick };
}

/** Two to ten ticks: powers of the base, multiples of them where these are few, then equal steps. */
export function logTicks([low, high]: [number, number], base: 10 | 2 = 10): number[] {
  const log = (x: number) => Math.log(x) / Math.log(base);
  const [first, last] = [Math.floor(log(low)), Math.ceil(log(high))];
  const stride = Math.max(1, Math.ceil((last - first) / 8));
  for (const multiples of base === 2 ? [[1]] : [[1], [1, 2, 5]]) {
    const ticks: number[] = [];
    for (let e = Math.ceil(first / stride) * stride; e <= last; e += stride)
      ticks.push(...multiples.map((m) => (base === 2 ? 2 ** e : Number(`${m}e${e}`))));
    const inside = ticks.filter((t) => t >= low * (1 - 1e-9) && t <= high * (1 + 1e-9));
    if (inside.length >= (base === 2 ? 2 : 3)) return inside;
  }
  return niceTicks(low, high);
}

/** Multiples of 1, 2 or 5 times a power of ten from low to high, about `count`, at steps of at least `least`. */
export function niceTicks(
  low: number,
  high: number,
  { count = 5, least = 0 }: { count?: number; least?: number } = {},
): number[] {
  const width = Math.max((high - low) / count, least);
  const power = 10 ** Math.floor(Math.log10(width));
  const step = power * ([1, 2, 5].find((m) => m * power >= width * (1 - 1e-9)) ?? 10);
  const [first, last] = [Math.ceil(low / step - 1e-9), Math.floor(high / step + 1e-9)];
  return Array.from({ length: last - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  );
}

/** A tick of a logarithmic axis: 0.05, 2, 1e−4. */
function logTick(value: number): string {
  if (value >= 0.001 && value < 1e4) return String(value);
  return value.toExponential().replace("e+", "e").replace("-", "−");
}

/** A number of steps: 500, 2k, 1.5M. */
export function stepTick(value: number): string {
  if (value >= 1e6) return `${value / 1e6}M`;
  return value >= 1e3 ? `${value / 1e3}k` : String(value);
}

/** `count` indexes of 0 … size − 1 at equal distances, both ends among them. */
export function pickIndexes(size: number, count: number): number[] {
  const last = Math.max(1, Math.min(count, size) - 1);
  const picked = Array.from({ length: last + 1 }, (_, i) => Math.round((i * (size - 1)) / last));
  return [...new Set(picked)];
}

import type { Samples } from "../bridge/bridge.js";

export type Range = readonly [number, number];

export function short(x: number): string {
  const size = Math.abs(x);
  if (x === 0 || (size >= 0.01 && size < 100_000))
    return Number(x.toPrecision(3)).toLocaleString("en", { maximumSignificantDigits: 3 });
  return x.toExponential(1);
}

export function columnOf({ data, shape: [n = 0] }: Samples, k: number): Float32Array {
  const d = data.length / n;
  return Float32Array.from({ length: n }, (_, i) => data[i * d + k]);
}

export function momentsOf(values: Float32Array): { mean: number; deviation: number } {
  const average = (some: Float32Array) => some.reduce((a, x) => a + x, 0) / some.length;
  const mean = average(values);
  return { mean, deviation: Math.sqrt(average(values.map((x) => (x - mean) ** 2))) };
}

export function momentsText(values: Float32Array): string {
  const { mean, deviation } = momentsOf(values);
  return values.length > 0 ? `${short(mean)} ± ${short(deviation)}` : "–";
}

/** The value below which a share lies. */
export function quantilesOf(values: Float32Array): (share: number) => number {
  const sorted = values.slice().sort();
  return (share) => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
}

/** Where all values lie but for a share on either side, with a margin; never empty. */
export function rangeOf(
  sets: readonly Float32Array[],
  { without, margin }: { without: number; margin: number },
): Range {
  const edges = sets.flatMap((values) => {
    const at = quantilesOf(values);
    return [at(without), at(1 - without)];
  });
  const low = Math.min(...edges);
  const high = Math.max(...edges);
  const room = high > low ? margin * (high - low) : 1;
  return [low - room, high + room];
}

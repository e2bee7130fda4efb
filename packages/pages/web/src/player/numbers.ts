import type { Samples } from "../bridge/bridge.js";

/** Low and high ends. */
export type Range = readonly [number, number];

/** Column k [n] of samples [n, …]. */
export function columnOf({ data, shape: [n = 0] }: Samples, k: number): Float32Array {
  const d = data.length / n;
  return Float32Array.from({ length: n }, (_, i) => data[i * d + k]);
}

/** The share of the values beyond a range, on either side, and the margin. */
const outlierShare = 0.002;
const margin = 0.06;

/** Where most values lie, with a margin; never empty. */
export function rangeOf(sets: readonly Float32Array[]): Range {
  const edges = sets.flatMap((values) => {
    const sorted = values.slice().sort();
    return [outlierShare, 1 - outlierShare].map(
      (at) => sorted[Math.round(at * (sorted.length - 1))] ?? 0,
    );
  });
  const low = Math.min(...edges);
  const high = Math.max(...edges);
  const room = high > low ? margin * (high - low) : 1;
  return [low - room, high + room];
}

// How many rows of a column are at the ends of its range.
import { join } from "node:path";
import { io, tidy } from "@dsbm/torch";

/** Of the interquartile range: values so close to an end of the range count as at its edge. */
const edgeWidth = 0.05;

/** The share of a column's rows at each end of its range. */
export interface EdgeShares {
  /** Shares of rows at the smallest value. */
  low: number[];
  /** Shares of rows at the largest value. */
  high: number[];
}

/**
 * Counts the rows of rows.npy of a folder, [n, d], within a twentieth of the interquartile range
 * (`spread`) from an end of their range. A normal column has a row or two there. `range` and the rows
 * are in the same units, the rows minus `offset`.
 */
export function edgeShares(
  folder: string,
  {
    range,
    spread,
    offset,
  }: {
    range: { min: readonly number[]; max: readonly number[] };
    spread: readonly number[];
    offset: readonly number[];
  },
): EdgeShares {
  using file = io.mapNpy(join(folder, "rows.npy"));
  const [n, d] = file.shape;
  const low = new Array<number>(d).fill(0);
  const high = new Array<number>(d).fill(0);
  const ends = range.min.map((min, k) => ({
    low: Math.fround(min - offset[k] + edgeWidth * spread[k]),
    high: Math.fround(range.max[k] - offset[k] - edgeWidth * spread[k]),
  }));
  const rows = Math.max(1, Math.floor(2 ** 20 / d));
  for (let first = 0; first < n; first += rows) {
    const count = Math.min(rows, n - first);
    const block = tidy(() => file.narrow(0, first, count).toArray() as Float32Array);
    for (let k = 0; k < d; k++) {
      const end = ends[k];
      for (let i = k; i < block.length; i += d) {
        if (block[i] <= end.low) low[k] += 1;
        if (block[i] >= end.high) high[k] += 1;
      }
    }
  }
  const share = (count: number) => count / n;
  return { low: low.map(share), high: high.map(share) };
}

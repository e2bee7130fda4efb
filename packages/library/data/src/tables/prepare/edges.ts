// How many rows of a column are at the ends of its range.

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
 * Counts the rows within a twentieth of the interquartile range (`spread`) from an end of their range. A normal column
 * has a row or two there. `range` and the rows are in the same units, the rows minus `offset`.
 */
export class EdgeCounts {
  readonly #low: number[];
  readonly #high: number[];
  readonly #ends: readonly { low: number; high: number }[];
  #n = 0;

  constructor({
    range,
    spread,
    offset,
  }: {
    range: { min: readonly number[]; max: readonly number[] };
    spread: readonly number[];
    offset: readonly number[];
  }) {
    this.#low = range.min.map(() => 0);
    this.#high = range.min.map(() => 0);
    this.#ends = range.min.map((min, k) => ({
      low: Math.fround(min - offset[k] + edgeWidth * spread[k]),
      high: Math.fround(range.max[k] - offset[k] - edgeWidth * spread[k]),
    }));
  }

  /** Adds rows [count, d]. */
  add(block: Float32Array | Float64Array): void {
    const d = this.#ends.length;
    for (const [k, end] of this.#ends.entries())
      for (let i = k; i < block.length; i += d) {
        if (block[i] <= end.low) this.#low[k] += 1;
        if (block[i] >= end.high) this.#high[k] += 1;
      }
    this.#n += block.length / d;
  }

  /** The shares among all rows so far. */
  shares(): EdgeShares {
    const share = (count: number) => count / this.#n;
    return { low: this.#low.map(share), high: this.#high.map(share) };
  }
}

// How many rows of a column are at the ends of its range.

/** Of the interquartile range: values so close to an end of the range count as at its edge. */
const edgeWidth = 0.05;

/** The share of a column's rows at each end of its range, and the range between. */
export interface EdgeShares {
  /** Shares of rows at the smallest value. */
  low: number[];
  /** Shares of rows at the largest value. */
  high: number[];
  /** The range of the rows at neither end, null without such rows; absent for fields. */
  inner?: { min: (number | null)[]; max: (number | null)[] };
}

/**
 * Counts the rows within a twentieth of the interquartile range (`spread`) from an end of their range. A normal column
 * has a row or two there. `range` and the rows are in the same units, the rows minus `offset`.
 */
export class EdgeCounts {
  readonly #low: number[];
  readonly #high: number[];
  readonly #ends: readonly { low: number; high: number }[];
  readonly #inner: { min: number; max: number }[];
  readonly #offset: readonly number[];
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
    this.#offset = offset;
    this.#inner = range.min.map(() => ({
      min: Number.POSITIVE_INFINITY,
      max: Number.NEGATIVE_INFINITY,
    }));
    this.#ends = range.min.map((min, k) => ({
      low: Math.fround(min - offset[k] + edgeWidth * spread[k]),
      high: Math.fround(range.max[k] - offset[k] - edgeWidth * spread[k]),
    }));
  }

  /** Adds rows [count, d]. */
  add(block: Float32Array | Float64Array): void {
    const d = this.#ends.length;
    for (const [k, end] of this.#ends.entries()) {
      const inner = this.#inner[k];
      for (let i = k; i < block.length; i += d) {
        const x = block[i];
        if (x <= end.low) this.#low[k] += 1;
        else if (x < inner.min && x < end.high) inner.min = x;
        if (x >= end.high) this.#high[k] += 1;
        else if (x > inner.max && x > end.low) inner.max = x;
      }
    }
    this.#n += block.length / d;
  }

  /** The shares among all rows so far. */
  shares(): EdgeShares {
    const share = (count: number) => count / this.#n;
    const inUnits = (side: "min" | "max") =>
      this.#inner.map(({ [side]: end }, k) =>
        Number.isFinite(end) ? end + this.#offset[k] : null,
      );
    return {
      low: this.#low.map(share),
      high: this.#high.map(share),
      inner: { min: inUnits("min"), max: inUnits("max") },
    };
  }
}

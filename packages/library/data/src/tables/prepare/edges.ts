// How many rows of a column are at the ends of its range.
import type { TableFacts } from "../facts.js";

/** Of the interquartile range: values so close to an end of the range count as at its edge. */
const edgeWidth = 0.05;

/** The interquartile range in distances between an end and its quartile, at most: it spans the gap between two groups. */
const mostQuartileDistances = 2.5;

/** The share of a column's rows at each end of its range, and the range between. */
export interface EdgeShares {
  /** Shares of rows at the smallest value. */
  low: number[];
  /** Shares of rows at the largest value. */
  high: number[];
  /** The range of the rows at neither end, null without such rows; absent if it was not counted. */
  inner?: { min: (number | null)[]; max: (number | null)[] };
}

/**
 * Counts the rows within a twentieth of the interquartile range from an end of their range. A normal column, also one
 * of two groups, has a row or two there. `range` and the rows are in the same units, the rows minus `offset`.
 */
export class EdgeCounts {
  readonly #low: number[];
  readonly #high: number[];
  readonly #ends: readonly { low: number; high: number }[];
  readonly #inner: { min: number; max: number }[];
  readonly #offset: readonly number[];
  #n = 0;

  constructor({ range, quartiles, offset }: Pick<TableFacts, "range" | "quartiles" | "offset">) {
    this.#low = range.min.map(() => 0);
    this.#high = range.min.map(() => 0);
    this.#offset = offset;
    this.#inner = range.min.map(() => ({
      min: Number.POSITIVE_INFINITY,
      max: Number.NEGATIVE_INFINITY,
    }));
    this.#ends = range.min.map((min, k) => {
      const max = range.max[k];
      const low = quartiles.low[k];
      const high = quartiles.high[k];
      const widthOf = (distance: number) =>
        edgeWidth * Math.min(high - low, mostQuartileDistances * distance);
      return {
        low: Math.fround(min - offset[k] + widthOf(low - min)),
        high: Math.fround(max - offset[k] - widthOf(max - high)),
      };
    });
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

// Moments of channels over training fields, and how many values lie at the ends of their range.
import type { EdgeShares } from "../tables/prepare/edges.js";
import type { ColumnMoments } from "../tables/prepare/split.js";
import type { FieldSetFacts } from "./field-facts.js";

/** Of the interquartile range: values so close to an end of the range count as at its edge. */
const edgeWidth = 0.05;

/** Sums over fields [C, H, W] whose missing cells are NaN. */
export class FieldSums {
  readonly #channels: number;
  readonly #ends: { low: number; high: number }[];
  readonly #low: number[];
  readonly #high: number[];
  /** The range of the values at neither end. */
  readonly #inner: { min: number; max: number }[];
  readonly #values: number[];
  readonly #count: number[];
  readonly #mean: number[];
  /** Sums of squared deviations from the mean. */
  readonly #squares: number[];
  #fields = 0;

  constructor({ range, spread }: Pick<FieldSetFacts, "range" | "spread">) {
    const zeros = () => spread.map(() => 0);
    this.#channels = spread.length;
    this.#ends = spread.map((width, k) => ({
      low: Math.fround(range.min[k] + edgeWidth * width),
      high: Math.fround(range.max[k] - edgeWidth * width),
    }));
    this.#low = zeros();
    this.#high = zeros();
    this.#inner = spread.map(() => ({ min: Infinity, max: -Infinity }));
    this.#values = zeros();
    this.#count = zeros();
    this.#mean = zeros();
    this.#squares = zeros();
  }

  /** Adds a field; moments are of training fields only. */
  add(field: Float32Array, isTraining: boolean): void {
    const area = field.length / this.#channels;
    if (isTraining) this.#fields += 1;
    for (let k = 0; k < this.#channels; k++) {
      const values = field
        .subarray(k * area, (k + 1) * area)
        .filter((value) => !Number.isNaN(value));
      this.#values[k] += values.length;
      const { low, high } = this.#ends[k];
      const inner = this.#inner[k];
      let lowest = 0;
      let highest = 0;
      for (let i = 0; i < values.length; i++) {
        const value = values[i];
        if (value <= low) lowest += 1;
        else if (value < inner.min) inner.min = value;
        if (value >= high) highest += 1;
        else if (value > inner.max) inner.max = value;
      }
      this.#low[k] += lowest;
      this.#high[k] += highest;
      if (isTraining && values.length > 0) this.#merge(values, k);
    }
  }

  /** Chan's formula, which loses no digits of values far from 0. */
  #merge(values: Float32Array, k: number): void {
    const n = values.length;
    const mean = values.reduce((sum, value) => sum + value, 0) / n;
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    const before = this.#count[k];
    const shift = mean - this.#mean[k];
    this.#count[k] += n;
    this.#mean[k] += (shift * n) / this.#count[k];
    this.#squares[k] += squares + (shift ** 2 * before * n) / this.#count[k];
  }

  /** Moments of the values of training fields; `n` are fields. */
  moments(): ColumnMoments {
    return {
      n: this.#fields,
      mean: this.#mean,
      variance: this.#squares.map((sum, k) => sum / Math.max(1, this.#count[k])),
    };
  }

  /** The share of all values at each end of the range. */
  edges(): EdgeShares {
    const share = (counts: readonly number[]) =>
      counts.map((count, k) => count / Math.max(1, this.#values[k]));
    const inner = (side: "min" | "max") =>
      this.#inner.map(({ [side]: end }) => (Number.isFinite(end) ? end : null));
    return {
      low: share(this.#low),
      high: share(this.#high),
      inner: { min: inner("min"), max: inner("max") },
    };
  }
}

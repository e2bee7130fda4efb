// What a first reading of fields shows: missing cells, ranges and quartiles of channels.
import { badTable } from "../errors.js";
import type { ValueTransform } from "../tables/units/value-transform.js";
import type { FieldGrid } from "./cf/grid.js";

/** Values of a channel from which quartiles are taken, about. */
const sampledValues = 100_000;

/** Scans fields [count, C, H, W] in the order of the file. */
export class FieldScan {
  readonly #area: number;
  /** Fields in which a cell has no value. */
  readonly #absent: Uint32Array;
  /** Cells without a value, by field. */
  readonly #gaps: number[] = [];
  readonly #samples: number[][];
  readonly #stride: number;
  readonly #min: number[];
  readonly #max: number[];

  constructor(
    readonly path: string,
    readonly grid: FieldGrid,
    readonly transform: ValueTransform | null,
  ) {
    const { channels, y, x, time } = grid;
    this.#area = y.size * x.size;
    this.#absent = new Uint32Array(channels.length * this.#area);
    this.#samples = channels.map(() => []);
    this.#stride = Math.max(1, Math.floor((time.size * this.#area) / sampledValues));
    this.#min = channels.map(() => Number.POSITIVE_INFINITY);
    this.#max = channels.map(() => Number.NEGATIVE_INFINITY);
  }

  /**
   * Adds fields; NaN is a missing value.
   * @throws {DatasetError} `BadTable` for infinite values, and for values that the transform cannot take.
   */
  add(values: Float32Array): void {
    const cells = this.#absent.length;
    for (let at = 0; at < values.length; at += cells) {
      let gaps = 0;
      for (let cell = 0; cell < cells; cell++) {
        const value = values[at + cell];
        if (Number.isNaN(value)) {
          this.#absent[cell] += 1;
          gaps += 1;
        } else this.#addValue(value, cell);
      }
      this.#gaps.push(gaps);
    }
  }

  #addValue(value: number, cell: number): void {
    const channel = Math.floor(cell / this.#area);
    if (value < this.#min[channel] || value > this.#max[channel]) this.#check(value, channel);
    if (value < this.#min[channel]) this.#min[channel] = value;
    if (value > this.#max[channel]) this.#max[channel] = value;
    if ((cell + this.#gaps.length * 7) % this.#stride === 0) this.#samples[channel].push(value);
  }

  #check(value: number, channel: number): void {
    const { name } = this.grid.channels[channel];
    const place = `${name} has ${value} in field ${this.#gaps.length + 1}`;
    if (!Number.isFinite(value))
      throw badTable(
        this.path,
        `${place}: expected finite numbers; repair them, or mark them as missing (_FillValue)`,
      );
    if (this.transform !== null && value < 0)
      throw badTable(
        this.path,
        `${place}, which data.transform=${this.transform} cannot take: expected values from 0 on; leave data.transform out, or write data.na=${value} if it marks missing values`,
      );
  }

  /** Cells without values in all fields, [C, H, W], and the fields that have further gaps. */
  missing(): { isMissing: Uint8Array; fields: Set<number> } {
    const n = this.#gaps.length;
    const isMissing = Uint8Array.from(this.#absent, (count) => Number(count === n));
    const always = isMissing.reduce((sum, one) => sum + one, 0);
    const fields = new Set<number>();
    for (const [field, gaps] of this.#gaps.entries()) if (gaps > always) fields.add(field);
    return { isMissing, fields };
  }

  /**
   * The smallest and the largest value of each channel.
   * @throws {DatasetError} `BadTable` for a channel without values.
   */
  range(): { min: number[]; max: number[] } {
    const empty = this.#min.findIndex((value) => !Number.isFinite(value));
    if (empty < 0) return { min: this.#min, max: this.#max };
    throw badTable(
      this.path,
      `${this.grid.channels[empty].name} has no values: expected some; check its _FillValue`,
    );
  }

  /** The interquartile range of each channel after a rising transform, from a part of its values. */
  spread(apply: (value: number) => number): number[] {
    return this.#samples.map((sample) => {
      const sorted = Float64Array.from(sample, apply).sort();
      const quantile = (q: number) => sorted[Math.floor(q * (sorted.length - 1))] ?? 0;
      return quantile(0.75) - quantile(0.25);
    });
  }
}

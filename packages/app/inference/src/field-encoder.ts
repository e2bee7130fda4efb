// Fields of any source in the network units of a run.
import { ConfigError } from "@dsbm/config";
import {
  blockMeans,
  coarseAxis,
  coarseBlock,
  coarseSize,
  type FieldAxis,
  type FieldChannel,
  FieldConversion,
  FieldUnits,
  type GridSize,
  inSize,
  isSameAxis,
  repeatBlocks,
  spanText,
  transformField,
} from "@dsbm/data";
import { type Tensor, tensor, tidy } from "@dsbm/torch";
import type { RunChannels } from "./saved-channels.js";
import type { Trained } from "./trained.js";

/** Fields to encode: their channels, and their axes from north to south. */
export interface FieldSource {
  /** What the fields are, at the start of an error. */
  what: string;
  channels: readonly FieldChannel[];
  axes: { y: FieldAxis; x: FieldAxis };
}

/** Converts fields to samples of a run. A run of coarsened fields takes coarse fields, too. */
export class FieldEncoder {
  readonly #units: FieldUnits;
  readonly #channels: RunChannels;
  readonly #block: number;
  readonly #source: FieldSource;
  readonly #size: GridSize;
  readonly #conversion: FieldConversion;
  /** Values that stand for missing ones, so far. */
  #gaps = 0;

  /**
   * Opens an encoder of fields whose channels have the order of the run.
   * @throws {ConfigError} unless their size and number of variables fit the run, and {DatasetError} for other units.
   */
  constructor({ config, channels }: Trained, source: FieldSource) {
    this.#channels = channels as RunChannels;
    this.#block = coarseBlock(config.data.coarsen);
    this.#source = source;
    this.#size = [source.axes.y.size, source.axes.x.size];
    this.#checkSize();
    const units = this.#channels.source.map((channel) => channel.units);
    const names = { what: source.what, whose: "the training data" };
    this.#conversion = new FieldConversion(source.channels, units, names);
    this.#units = new FieldUnits(this.#channels);
  }

  #checkSize(): void {
    const { grid, source } = this.#channels;
    const { what, channels } = this.#source;
    const size = this.#size;
    const coarse = coarseSize(grid, this.#block);
    if (channels.length === source.length && [`${grid}`, `${coarse}`].includes(`${size}`)) return;
    const sizes = [...new Set([grid, coarse].map((one) => one.join("×")))];
    throw new ConfigError(
      `${what} has ${channels.length} variables on ${size.join("×")} cells: expected ${source.length} on ${sizes.join(" or ")}; interpolate them to the grid of the run, and name as many by variables=`,
    );
  }

  /** The difference of the axes from the axes of the run, for people; null if they agree. */
  axesDifference(): string | null {
    const { axes } = this.#source;
    const block = `${this.#size}` === `${this.#channels.grid}` ? 1 : this.#block;
    for (const axis of ["y", "x"] as const) {
      const expected = coarseAxis(this.#channels.axes[axis], block);
      if (!isSameAxis(axes[axis], expected))
        return `${this.#source.what} has ${spanText(axes[axis])}, the training data ${spanText(expected)}`;
    }
    return null;
  }

  /** What happened to the values: converted units and missing values. */
  notes(): string[] {
    const { what } = this.#source;
    const converted = this.#conversion.notes.map((note) => `${what}: ${note}`);
    if (this.#gaps === 0) return converted;
    const gaps = `warning: ${what} lacks ${this.#gaps} values that the training data have: the mean of their variable stands for each`;
    return [...converted, gaps];
  }

  /** Fields on the grid of the run, coarsened if the run is of coarsened fields. */
  #onGrid(values: Float32Array): Float32Array {
    const { grid } = this.#channels;
    const size = this.#size;
    const block = this.#block;
    if (block === 1) return values;
    const isCoarse = `${size}` !== `${grid}`;
    return repeatBlocks(isCoarse ? values : blockMeans(values, grid, block), grid, block);
  }

  /**
   * Samples [count, C, H, W] of values of fields in the data's own units, NaN for missing ones.
   * @throws {ConfigError} for values that the transform cannot take
   */
  encode(values: Float32Array, count: number): Tensor {
    const { transform, source, grid, size: padded, missing } = this.#channels;
    const valueTransform = transform.log1p ? "log1p" : transform.sqrt ? "sqrt" : null;
    const fine = this.#onGrid(this.#conversion.apply(values, this.#size));
    if (valueTransform && fine.some((value) => value < 0))
      throw new ConfigError(
        `${this.#source.what} has values below 0, which data.transform=${valueTransform} cannot take: repair them`,
      );
    const cells = fine.length / count;
    const rows = new Float32Array(count * missing.length);
    for (let i = 0; i < count; i++) {
      const field = transformField(fine.subarray(i * cells, (i + 1) * cells), valueTransform);
      rows.set(
        inSize(field, { channels: source.length, grid }, padded, Number.NaN),
        i * missing.length,
      );
    }
    for (let i = 0; i < rows.length; i++)
      if (Number.isNaN(rows[i]) && missing[i % missing.length] === 0) this.#gaps += 1;
    return tidy(() =>
      this.#units.apply(tensor(rows, { shape: [count, source.length, ...padded] })).keep(),
    );
  }

  /** Frees its tensors. */
  [Symbol.dispose](): void {
    this.#units.dispose();
  }
}

// Fields of any source in the network units of a run.
import { ConfigError } from "@dsbm/config";
import {
  blockMeans,
  coarseBlock,
  coarseSize,
  FieldUnits,
  type GridSize,
  inSize,
  repeatBlocks,
  transformField,
} from "@dsbm/data";
import { type Tensor, tensor, tidy } from "@dsbm/torch";
import type { RunChannels } from "./saved-channels.js";
import type { Trained } from "./trained.js";

/** Converts fields to samples of a run. A run of coarsened fields takes coarse fields, too. */
export class FieldEncoder {
  readonly #units: FieldUnits;
  readonly #channels: RunChannels;
  readonly #block: number;
  /** Values that stand for missing ones, so far. */
  gaps = 0;

  constructor({ config, channels }: Trained) {
    this.#channels = channels as RunChannels;
    this.#units = new FieldUnits(this.#channels);
    this.#block = coarseBlock(config.data.coarsen);
  }

  /** @throws {ConfigError} that begins with `what` unless fields of this size and number of variables fit the run. */
  check(what: string, size: GridSize, variables: number): void {
    const { grid, source } = this.#channels;
    const coarse = coarseSize(grid, this.#block);
    if (variables === source.length && [`${grid}`, `${coarse}`].includes(`${size}`)) return;
    const sizes = [...new Set([grid, coarse].map((one) => one.join("×")))];
    throw new ConfigError(
      `${what} has ${variables} variables on ${size.join("×")} cells: expected ${source.length} on ${sizes.join(" or ")}; interpolate them to the grid of the run, and name as many by variables=`,
    );
  }

  /** Fields on the grid of the run, coarsened if the run is of coarsened fields. */
  #onGrid(values: Float32Array, size: GridSize): Float32Array {
    const { grid } = this.#channels;
    const block = this.#block;
    if (block === 1) return values;
    const isCoarse = `${size}` !== `${grid}`;
    return repeatBlocks(isCoarse ? values : blockMeans(values, grid, block), grid, block);
  }

  /**
   * Samples [count, C, H, W] of values of fields in the data's own units, NaN for missing ones.
   * @throws {ConfigError} that begins with `what`, for values that the transform cannot take
   */
  encode(
    values: Float32Array,
    count: number,
    { what, size }: { what: string; size: GridSize },
  ): Tensor {
    const { transform, source, grid, size: padded, missing } = this.#channels;
    const valueTransform = transform.log1p ? "log1p" : transform.sqrt ? "sqrt" : null;
    const fine = this.#onGrid(values, size);
    if (valueTransform && fine.some((value) => value < 0))
      throw new ConfigError(
        `${what} has values below 0, which data.transform=${valueTransform} cannot take: repair them`,
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
      if (Number.isNaN(rows[i]) && missing[i % missing.length] === 0) this.gaps += 1;
    return tidy(() =>
      this.#units.apply(tensor(rows, { shape: [count, source.length, ...padded] })).keep(),
    );
  }

  /** Frees its tensors. */
  [Symbol.dispose](): void {
    this.#units.dispose();
  }
}

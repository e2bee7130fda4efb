// The training and the held-out rows of a table, in files of their own.
import { join } from "node:path";
import { stream } from "@dsbm/bridge";
import { io, randperm, tidy } from "@dsbm/torch";
import { testCount } from "../../data-set.js";

/** Marks held-out rows by 1: a random choice by the seed, equal for a table and its conditions. */
export function heldOutRows(
  n: number,
  { fraction, seed }: { fraction: number; seed: number },
): Uint8Array {
  const isHeld = new Uint8Array(n);
  const rows = tidy(() =>
    randperm(n, { generator: stream(seed, `table/split/${n}`) })
      .narrow(0, 0, testCount(fraction, n))
      .to("float64")
      .toArray(),
  );
  for (const row of rows as Float64Array) isHeld[row] = 1;
  return isHeld;
}

/** Mean and variance of each column, with divisor n. */
export interface ColumnMoments {
  /** Number of rows. */
  n: number;
  /** Mean of each column. */
  mean: number[];
  /** Variance of each column. */
  variance: number[];
}

interface SplitOptions {
  /** 1 for held-out rows. */
  isHeld: Uint8Array;
  /** Rows are x − offset. */
  offset?: readonly number[];
  /** Replaces values of a column. */
  change?: { column: number; value: (x: number) => number } | undefined;
  /** Called for each block of rows, in order, with the number of rows so far; may throw. */
  visit?: (block: Float32Array | Float64Array, done: number) => void;
}

/**
 * Splits NAME.npy of a folder, [n, d], into NAME_train.npy and NAME_test.npy. Returns moments of the training rows x.
 * @throws errors of `visit`.
 */
export async function splitFile(
  folder: string,
  name: string,
  { isHeld, offset, change, visit }: SplitOptions,
): Promise<ColumnMoments> {
  using file = new io.npy.NpyReader(join(folder, `${name}.npy`));
  const { dtype } = file;
  const [n, d] = file.shape;
  using train = new io.npy.NpyWriter(join(folder, `${name}_train.npy`), dtype, [d]);
  using test = new io.npy.NpyWriter(join(folder, `${name}_test.npy`), dtype, [d]);
  const sums = new MomentSums(d);
  const rows = Math.max(1, Math.floor(2 ** 20 / d));
  for (let first = 0; first < n; first += rows) {
    const count = Math.min(rows, n - first);
    // Other tasks get their turn between blocks.
    await new Promise(setImmediate);
    const { buffer } = file.read(first, count).data;
    const block = dtype === "float32" ? new Float32Array(buffer) : new Float64Array(buffer);
    if (change)
      for (let i = change.column; i < block.length; i += d) block[i] = change.value(block[i]);
    visit?.(block, first + count);
    const held = block.slice();
    let trainLength = 0;
    let testLength = 0;
    for (let i = 0; i < count; i++) {
      const row = block.subarray(i * d, (i + 1) * d);
      if (isHeld[first + i] === 1) {
        held.set(row, testLength);
        testLength += d;
      } else {
        sums.add(row);
        block.set(row, trainLength);
        trainLength += d;
      }
    }
    train.append(io.fromTyped(block.subarray(0, trainLength), [trainLength / d, d]));
    test.append(io.fromTyped(held.subarray(0, testLength), [testLength / d, d]));
  }
  train.close({ sync: true });
  test.close({ sync: true });
  return sums.moments(offset);
}

/** Sums of rows and of their squares. */
class MomentSums {
  readonly #sums: Float64Array;
  readonly #squares: Float64Array;
  #n = 0;

  constructor(d: number) {
    this.#sums = new Float64Array(d);
    this.#squares = new Float64Array(d);
  }

  /** Adds a row. */
  add(row: Float32Array | Float64Array): void {
    this.#n += 1;
    for (let k = 0; k < row.length; k++) {
      const x = row[k];
      this.#sums[k] += x;
      this.#squares[k] += x * x;
    }
  }

  /** Moments of rows + offset. */
  moments(offset: readonly number[] = []): ColumnMoments {
    const n = this.#n;
    const centred = Array.from(this.#sums, (sum) => sum / n);
    return {
      n,
      mean: centred.map((m, k) => m + (offset[k] ?? 0)),
      variance: centred.map((m, k) => Math.max(this.#squares[k] / n - m * m, 0)),
    };
  }
}

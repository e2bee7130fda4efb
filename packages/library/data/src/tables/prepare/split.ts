import { rmSync } from "node:fs";
import { join } from "node:path";
import { stream } from "@dsbm/bridge";
import { io, randperm, tidy } from "@dsbm/torch";
import { testCount } from "../../counts.js";

/** A random choice by the seed, equal for a table and its conditions. */
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

/** With divisor n. */
export interface ColumnMoments {
  n: number;
  mean: number[];
  variance: number[];
}

/** Adds up rows [count, d] of x − offset. */
export class MomentSums {
  n = 0;
  readonly #sum: Float64Array;
  readonly #squares: Float64Array;

  constructor(d: number) {
    this.#sum = new Float64Array(d);
    this.#squares = new Float64Array(d);
  }

  add(row: ArrayLike<number>): void {
    this.n += 1;
    for (let k = 0; k < this.#sum.length; k++) {
      const x = row[k] as number;
      this.#sum[k] = (this.#sum[k] as number) + x;
      this.#squares[k] = (this.#squares[k] as number) + x * x;
    }
  }

  moments(offset: readonly number[] = []): ColumnMoments {
    const centred = Array.from(this.#sum, (s) => s / this.n);
    return {
      n: this.n,
      mean: centred.map((m, k) => m + (offset[k] ?? 0)),
      variance: centred.map((m, k) => Math.max((this.#squares[k] as number) / this.n - m * m, 0)),
    };
  }
}

/** Splits NAME.npy of a folder, [n, d], into NAME_train.npy and NAME_test.npy. Returns sums of the training rows. */
export function splitFile(
  folder: string,
  name: string,
  { isHeld, change = (x) => x }: { isHeld: Uint8Array; change?: (x: number, k: number) => number },
): MomentSums {
  const path = join(folder, `${name}.npy`);
  using file = io.npy.open(path);
  const { dtype, shape } = file;
  const [n, d] = shape as [number, number];
  using train = new io.npy.NpyWriter(join(folder, `${name}_train.npy`), dtype, [d]);
  using test = new io.npy.NpyWriter(join(folder, `${name}_test.npy`), dtype, [d]);
  const sums = new MomentSums(d);
  const rows = Math.max(1, Math.floor(2 ** 20 / d));
  for (let first = 0; first < n; first += rows) {
    const count = Math.min(rows, n - first);
    const raw = file.rows(first, count);
    const block = (dtype === "float32" ? io.toFloat32(raw) : io.toFloat64(raw)).map((x, i) =>
      change(x, i % d),
    );
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
  rmSync(path);
  return sums;
}

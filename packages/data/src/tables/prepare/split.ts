// Rows on disk as two files, those to train on and those to test on, a part in memory at a time.
import { stream } from "@dsbm/bridge";
import { io, randperm, tidy } from "@dsbm/torch";
import { testCount } from "../../counts.js";

/** Which of n rows are for testing: a random choice by the seed, the same for a table and its conditions. */
export function heldOut(
  n: number,
  { fraction, seed }: { fraction: number; seed: number },
): Uint8Array {
  const held = new Uint8Array(n);
  const rows = tidy(() =>
    randperm(n, { generator: stream(seed, `table/split/${n}`) })
      .narrow(0, 0, testCount(fraction, n))
      .to("float64")
      .toArray(),
  );
  for (const row of rows as Float64Array) held[row] = 1;
  return held;
}

/** Sums of the training rows, by columns. */
export interface Sums {
  n: number;
  sum: Float64Array;
  squares: Float64Array;
}

/** Splits a .npy file [n, d] of float32 or float64 into `train` and `test`; sums of the training rows. */
export function splitFile(
  path: string,
  {
    train,
    test,
    held,
    change,
  }: { train: string; test: string; held: Uint8Array; change?: (x: number) => number },
): Sums {
  using file = io.npy.open(path);
  const { dtype, shape } = file;
  const [n, d] = shape as [number, number];
  using trainFile = new io.npy.NpyWriter(train, dtype, [d]);
  using testFile = new io.npy.NpyWriter(test, dtype, [d]);
  const make = (length: number) =>
    dtype === "float32" ? new Float32Array(length) : new Float64Array(length);
  const sums: Sums = { n: 0, sum: new Float64Array(d), squares: new Float64Array(d) };
  const rows = Math.max(1, Math.floor(2 ** 20 / d));
  for (let first = 0; first < n; first += rows) {
    const count = Math.min(rows, n - first);
    const raw = file.rows(first, count);
    const block = dtype === "float32" ? io.toFloat32(raw) : io.toFloat64(raw);
    if (change) for (let i = 0; i < block.length; i++) block[i] = change(block[i] as number);
    const parts = [make(count * d), make(count * d)] as const;
    const lengths = [0, 0] as [number, number];
    for (let i = 0; i < count; i++) {
      const which = held[first + i] === 1 ? 1 : 0;
      const row = block.subarray(i * d, (i + 1) * d);
      parts[which].set(row, lengths[which]);
      lengths[which] += d;
      if (which === 1) continue;
      sums.n += 1;
      for (let k = 0; k < d; k++) {
        const x = row[k] as number;
        sums.sum[k] = (sums.sum[k] as number) + x;
        sums.squares[k] = (sums.squares[k] as number) + x * x;
      }
    }
    [trainFile, testFile].forEach((writer, which) => {
      const part = parts[which as 0 | 1].subarray(0, lengths[which]);
      writer.append(io.fromTyped(part, [part.length / d, d]));
    });
  }
  trainFile.close({ sync: true });
  testFile.close({ sync: true });
  return sums;
}

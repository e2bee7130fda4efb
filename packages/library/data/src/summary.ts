// A data set in one line of a log, to notice a wrong file, scale or subset.
import { type Tensor, tidy } from "@dsbm/torch";
import type { Table } from "./table.js";

/** Number and shape of the samples, and moments of all their values as networks take them. */
export interface TableSummary {
  n: number;
  /** [d] or [C, H, W] */
  shape: number[];
  mean: number;
  /** Over all values of all samples, with the divisor N. */
  std: number;
}

/** The summary of a table; bytes are counted exactly, float32 is summed in float64 a part at a time. */
export function summary({ x }: Pick<Table, "x">): TableSummary {
  const [n, ...shape] = x.shape as [number, ...number[]];
  const [count, sum, squares] = x.dtype === "uint8" ? ofBytes(x) : ofFloats(x);
  const mean = sum / count;
  return { n, shape, mean, std: Math.sqrt(Math.max(squares / count - mean * mean, 0)) };
}

type Sums = [count: number, sum: number, squares: number];

function ofBytes(x: Tensor): Sums {
  const counts = tidy(() => x.flatten().bincount({ minlength: 256 }).toNumbers());
  return counts.reduce<Sums>(
    ([count, sum, squares], k, byte) => {
      const value = byte / 127.5 - 1;
      return [count + k, sum + k * value, squares + k * value * value];
    },
    [0, 0, 0],
  );
}

/** Values of a part: 32 MB as float64. */
const part = 2 ** 22;

function ofFloats(x: Tensor): Sums {
  const n = x.size(0);
  const rows = Math.max(1, Math.floor(part / Math.max(x.numel / Math.max(n, 1), 1)));
  const sums: Sums = [x.numel, 0, 0];
  for (let begin = 0; begin < n; begin += rows) {
    tidy(() => {
      const values = x.narrow(0, begin, Math.min(rows, n - begin)).to("float64");
      sums[1] += values.sum().item();
      sums[2] += values.square().sum().item();
    });
  }
  return sums;
}

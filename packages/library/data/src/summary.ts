// Summarises a dataset in one log line that shows a wrong file, scale or subset.
import { type Tensor, tidy } from "@dsbm/torch";
import type { Table } from "./table.js";

export interface TableSummary {
  n: number;
  shape: number[];
  mean: number;
  /** With divisor N. */
  std: number;
}

/** Bytes are counted exactly; float32 is summed in float64 part by part. */
export function summary({ x }: Pick<Table, "x">): TableSummary {
  const [n, ...shape] = x.shape as [number, ...number[]];
  const { sum, squares } = x.dtype === "uint8" ? sumBytes(x) : sumFloats(x);
  const mean = sum / x.numel;
  return { n, shape, mean, std: Math.sqrt(Math.max(squares / x.numel - mean * mean, 0)) };
}

interface ValueSums {
  sum: number;
  squares: number;
}

function sumBytes(x: Tensor): ValueSums {
  const counts = tidy(() => x.flatten().bincount({ minlength: 256 }).toNumbers());
  let sum = 0;
  let squares = 0;
  for (const [byte, count] of counts.entries()) {
    const value = byte / 127.5 - 1;
    sum += count * value;
    squares += count * value * value;
  }
  return { sum, squares };
}

const partValues = 2 ** 22;

function sumFloats(x: Tensor): ValueSums {
  const n = x.size(0);
  const rows = Math.max(1, Math.floor(partValues / Math.max(x.numel / Math.max(n, 1), 1)));
  const sums: ValueSums = { sum: 0, squares: 0 };
  for (let first = 0; first < n; first += rows)
    tidy(() => {
      const values = x.narrow(0, first, Math.min(rows, n - first)).to("float64");
      sums.sum += values.sum().item();
      sums.squares += values.square().sum().item();
    });
  return sums;
}

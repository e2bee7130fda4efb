import { decodeImages } from "@dsbm/bridge";
import { tidy } from "@dsbm/torch";
import type { Table } from "./table.js";

export interface TableSummary {
  n: number;
  shape: number[];
  mean: number;
  /** With divisor N. */
  std: number;
}

const partValues = 2 ** 22;

/** Sums in float64, part by part. */
export function summary({ x }: Pick<Table, "x">): TableSummary {
  const [n, ...shape] = x.shape as [number, ...number[]];
  const rows = Math.max(1, Math.floor(partValues / Math.max(x.numel / Math.max(n, 1), 1)));
  let sum = 0;
  let squares = 0;
  for (let first = 0; first < n; first += rows)
    tidy(() => {
      const part = x.narrow(0, first, Math.min(rows, n - first));
      const values = (x.dtype === "uint8" ? decodeImages(part) : part).to("float64");
      sum += values.sum().item();
      squares += values.square().sum().item();
    });
  const mean = sum / x.numel;
  return { n, shape, mean, std: Math.sqrt(Math.max(squares / x.numel - mean * mean, 0)) };
}

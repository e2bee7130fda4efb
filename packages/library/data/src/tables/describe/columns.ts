// Ranges in the file's own units: extremes and moments of all rows, quantiles of a part.
import { io, type Tensor } from "@dsbm/torch";
import type { Split } from "../../table.js";
import type { TableFacts } from "../facts.js";
import { MomentSums } from "../prepare/split.js";

export const sampledRows = (columns: number): number =>
  Math.max(1000, Math.min(100_000, Math.floor(2 ** 24 / columns)));
const blockRows = 1000;

/** Statistics of one column, in the user's units. */
export interface Range {
  min: number;
  max: number;
  mean: number;
  std: number;
  median: number;
  q25: number;
  q75: number;
}

export interface ColumnSample extends Range {
  q005: number;
  q995: number;
  /** Of the sampled rows. */
  distinct: number;
  /** The share of the most frequent value. */
  most: number;
}

export type PreparedRows = Record<Split, Tensor>;

export function sampleColumns(rows: PreparedRows, facts: TableFacts): ColumnSample[] {
  const { offset, log1p, range } = facts;
  const toUnits = (y: number) => (log1p ? Math.expm1(y) : y);
  const { mean, variance } = log1p ? unitMoments(rows.train, offset) : facts.moments;
  return sampleValues(rows, offset.length).map((values, k) => {
    values.sort();
    const quantile = (q: number) =>
      toUnits((values[Math.round(q * (values.length - 1))] as number) + (offset[k] as number));
    return {
      min: toUnits(range.min[k] as number),
      max: toUnits(range.max[k] as number),
      mean: mean[k] as number,
      std: Math.sqrt(variance[k] as number),
      q005: quantile(0.005),
      q25: quantile(0.25),
      median: quantile(0.5),
      q75: quantile(0.75),
      q995: quantile(0.995),
      ...frequencies(values),
    };
  });
}

function sampleValues(rows: PreparedRows, d: number): Float32Array[] {
  const total = rows.train.size(0) + rows.test.size(0);
  const step = blockRows * Math.max(1, Math.ceil(total / sampledRows(d)));
  const parts = [rows.train, rows.test].flatMap((x) => {
    const n = x.size(0);
    if (step === blockRows) return n === 0 ? [] : [readRows(x, 0, n)];
    return Array.from({ length: Math.ceil(n / step) }, (_, i) =>
      readRows(x, i * step, Math.min(blockRows, n - i * step)),
    );
  });
  const length = parts.reduce((sum, part) => sum + part.length / d, 0);
  return Array.from({ length: d }, (_, k) => {
    const column = new Float32Array(length);
    let at = 0;
    for (const part of parts)
      for (let i = k; i < part.length; i += d) column[at++] = part[i] as number;
    return column;
  });
}

function unitMoments(train: Tensor, offset: readonly number[]) {
  const d = offset.length;
  const n = train.size(0);
  const sums = new MomentSums(d);
  const count = Math.max(1, Math.floor(2 ** 20 / d));
  for (let first = 0; first < n; first += count) {
    const values = readRows(train, first, Math.min(count, n - first));
    for (let i = 0; i < values.length; i += d)
      sums.add(offset.map((centre, k) => Math.expm1((values[i + k] as number) + centre)));
  }
  return sums.moments(new Array<number>(d).fill(0));
}

function readRows(x: Tensor, first: number, count: number): Float32Array {
  const rows = x.narrow(0, first, count);
  const values = io.toFloat32(io.toRaw(rows.contiguous()));
  rows.dispose();
  return values;
}

function frequencies(sorted: Float32Array): { distinct: number; most: number } {
  let distinct = 0;
  let most = 0;
  let run = 0;
  for (let i = 0; i < sorted.length; i++) {
    if (i === 0 || sorted[i] !== sorted[i - 1]) {
      distinct += 1;
      run = 0;
    }
    run += 1;
    most = Math.max(most, run);
  }
  return { distinct, most: most / sorted.length };
}

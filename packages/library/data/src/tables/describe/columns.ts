// Ranges of the columns of a prepared table, in the file's own units: extremes and moments of all rows, quantiles of at
// most some hundred thousand.
import { io, type Tensor } from "@dsbm/torch";
import type { Split } from "../../table.js";
import type { TableFacts } from "../facts.js";

/** Rows that quantiles are taken of, fewer of wide tables. */
export const sampledRows = (columns: number): number =>
  Math.max(1000, Math.min(100_000, Math.floor(2 ** 24 / columns)));
/** They lie together in blocks: a mapped file is read by pages. */
const block = 1000;

/** A column at one end. */
export interface Range {
  min: number;
  max: number;
  mean: number;
  std: number;
  median: number;
  q25: number;
  q75: number;
}

/** What warnings go by, beside the range. */
export interface ColumnSample extends Range {
  q005: number;
  q995: number;
  /** Different values among the rows that were looked at, at most 100. */
  distinct: number;
  /** The share of the most frequent value. */
  most: number;
}

/** The prepared rows of an end. */
export type PreparedRows = Record<Split, Tensor>;

/** Each column of an end. */
export function sampleColumns(rows: PreparedRows, facts: TableFacts): ColumnSample[] {
  const { offset, log1p, columns } = facts;
  const own = (y: number) => (log1p ? Math.expm1(y) : y);
  const samples = sampledColumns(rows, columns.length);
  const sums = log1p ? ownMoments(rows, facts) : null;
  return columns.map((_, k) => {
    const values = (samples[k] as Float32Array).sort();
    const quantile = (q: number) =>
      own((values[Math.round(q * (values.length - 1))] as number) + (offset[k] as number));
    const { distinct, most } = frequencies(values);
    const variance = facts.moments.variance[k] as number;
    return {
      min: own(facts.range.min[k] as number),
      max: own(facts.range.max[k] as number),
      mean: sums ? (sums.mean[k] as number) : (facts.moments.mean[k] as number),
      std: sums ? (sums.std[k] as number) : Math.sqrt(variance),
      ...{ q005: quantile(0.005), q25: quantile(0.25), median: quantile(0.5) },
      ...{ q75: quantile(0.75), q995: quantile(0.995), distinct, most },
    };
  });
}

/** Evenly spaced blocks of rows of both splits, by columns. */
function sampledColumns(rows: PreparedRows, d: number): Float32Array[] {
  const total = rows.train.size(0) + rows.test.size(0);
  const step = block * Math.max(1, Math.ceil(total / sampledRows(d)));
  const parts = [rows.train, rows.test].flatMap((x) => {
    const n = x.size(0);
    const few = step === block ? Math.max(n, 1) : block;
    return Array.from({ length: Math.ceil(n / Math.max(step, few)) }, (_, i) =>
      floats(x.narrow(0, i * step, Math.min(few, n - i * step))),
    );
  });
  return Array.from({ length: d }, (_, k) => {
    const lengths = parts.map((part) => part.length / d);
    const column = new Float32Array(lengths.reduce((a, b) => a + b, 0));
    let at = 0;
    for (const part of parts)
      for (let i = k; i < part.length; i += d) column[at++] = part[i] as number;
    return column;
  });
}

/** Mean and deviation of the training rows before log(1 + x). */
function ownMoments({ train }: PreparedRows, { offset }: TableFacts) {
  const d = offset.length;
  const [sum, squares] = [new Float64Array(d), new Float64Array(d)];
  const n = train.size(0);
  const part = Math.max(1, Math.floor(2 ** 20 / d));
  for (let first = 0; first < n; first += part) {
    const values = floats(train.narrow(0, first, Math.min(part, n - first)));
    for (let i = 0; i < values.length; i++) {
      const k = i % d;
      const x = Math.expm1((values[i] as number) + (offset[k] as number));
      sum[k] = (sum[k] as number) + x;
      squares[k] = (squares[k] as number) + x * x;
    }
  }
  const mean = Array.from(sum, (s) => s / n);
  return {
    mean,
    std: mean.map((m, k) => Math.sqrt(Math.max((squares[k] as number) / n - m * m, 0))),
  };
}

/** The elements of a view. */
const floats = (x: Tensor): Float32Array => {
  const values = io.toFloat32(io.toRaw(x.contiguous()));
  x.dispose();
  return values;
};

function frequencies(sorted: Float32Array): { distinct: number; most: number } {
  let [distinct, most, run] = [0, 0, 0];
  for (let i = 0; i < sorted.length; i++) {
    if (i > 0 && sorted[i] === sorted[i - 1]) run += 1;
    else {
      distinct += 1;
      run = 1;
    }
    most = Math.max(most, run);
  }
  return { distinct, most: most / sorted.length };
}

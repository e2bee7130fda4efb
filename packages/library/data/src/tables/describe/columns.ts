import { cat, type Tensor, tidy } from "@dsbm/torch";
import type { Split } from "../../table.js";
import type { TableFacts } from "../facts.js";
import { MomentSums } from "../prepare/split.js";

export const sampledRows = (columns: number): number =>
  Math.max(1000, Math.min(100_000, Math.floor(2 ** 24 / columns)));

/** Statistics of one column, in the user's units. */
export interface Range {
  /** Smallest value. */
  min: number;
  /** Largest value. */
  max: number;
  /** Mean of the training rows. */
  mean: number;
  /** Standard deviation of the training rows. */
  std: number;
  /** Half of the rows are below. */
  median: number;
  /** 25 % quantile. */
  q25: number;
  /** 75 % quantile. */
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
  return sampleValues(rows, offset.length).map((values, k) => {
    values.sort();
    const own = { mean: facts.moments.mean[k], variance: facts.moments.variance[k] };
    const { mean, variance } = log1p ? unitMoments(values, offset[k] as number) : own;
    const quantile = (q: number) =>
      toUnits((values[Math.round(q * (values.length - 1))] as number) + (offset[k] as number));
    return {
      min: toUnits(range.min[k] as number),
      max: toUnits(range.max[k] as number),
      mean: mean as number,
      std: Math.sqrt(variance as number),
      q005: quantile(0.005),
      q25: quantile(0.25),
      median: quantile(0.5),
      q75: quantile(0.75),
      q995: quantile(0.995),
      ...frequencies(values),
    };
  });
}

function sampleValues({ train, test }: PreparedRows, d: number): Float32Array[] {
  const step = Math.ceil((train.size(0) + test.size(0)) / sampledRows(d));
  return tidy(() => {
    const rows = cat([train, test].map((x) => x.slice({ step })));
    return rows
      .t()
      .contiguous()
      .unbind()
      .map((column) => column.toArray() as Float32Array);
  });
}

/** Moments of the sampled values in the file's own units. */
function unitMoments(values: Float32Array, offset: number) {
  const sums = new MomentSums(1);
  for (const value of values) sums.add([Math.expm1(value + offset)]);
  const { mean, variance } = sums.moments([0]);
  return { mean: mean[0], variance: variance[0] };
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

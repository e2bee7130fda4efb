// Matrices of counts, a row a cell and a column a gene: scaling to one total, and the genes that vary most.
import { badTable, byOption, invalidOption } from "../errors.js";

/** Columns above which a matrix is wide: it trains slowly, and distances of its rows say little. */
export const mostNarrowColumns = 200;

/** Mean and variance of each column of a matrix of counts. */
export interface ColumnVariability {
  /** The columns. */
  names: readonly string[];
  /** Rows of the matrix. */
  n: number;
  /** Mean of each column, after scaling. */
  mean: Float64Array;
  /** Variance of each column with divisor n − 1, after scaling. */
  variance: Float64Array;
  /** Rows whose counts are all 0. */
  emptyRows: number;
  /** Columns whose counts are all 0. */
  emptyColumns: number;
  /** Whether all entries are whole numbers, as counts are. */
  isWhole: boolean;
  /** Whether all rows have one total: they were scaled before. */
  hasOneTotal: boolean;
  /** The smallest entry before scaling; zeros of a sparse matrix are none. NaN if an entry is NaN or infinite. */
  smallest: number;
  /** The largest entry before scaling. */
  largest: number;
}

/** Fractional values up to this one are logarithms. */
export const largestLogarithm = 25;

/** Visits the entries of a block of rows; `row` counts from the first row of the block. */
export type Entries = (entry: (row: number, column: number, value: number) => void) => void;

/** Totals of rows count as equal up to the rounding of float32 sums. */
const totalTolerance = 1e-3;

/** Collects the moments of the columns of a matrix of counts, block by block. */
export class CountMoments {
  readonly #sums: Float64Array;
  readonly #squares: Float64Array;
  #n = 0;
  #emptyRows = 0;
  #isWhole = true;
  #smallest = Number.POSITIVE_INFINITY;
  #largest = 0;
  #leastTotal = Number.POSITIVE_INFINITY;
  #mostTotal = 0;

  constructor(d: number) {
    this.#sums = new Float64Array(d);
    this.#squares = new Float64Array(d);
  }

  /** Adds a block of `count` rows, scaled to `total` if there is one. */
  add(block: Entries, count: number, total: number | undefined): void {
    const totals = new Float64Array(count);
    // 0, or NaN.
    let notFinite = 0;
    block((i, _, value) => {
      totals[i] += value;
      this.#isWhole &&= Number.isInteger(value);
      if (value < this.#smallest) this.#smallest = value;
      notFinite += value * 0;
      if (value > this.#largest) this.#largest = value;
    });
    this.#smallest += notFinite;
    for (const sum of totals) {
      if (sum === 0) this.#emptyRows += 1;
      else {
        this.#leastTotal = Math.min(this.#leastTotal, sum);
        this.#mostTotal = Math.max(this.#mostTotal, sum);
      }
    }
    block((i, k, value) => {
      const x = total === undefined || totals[i] === 0 ? value : (value * total) / totals[i];
      this.#sums[k] += x;
      this.#squares[k] += x * x;
    });
    this.#n += count;
  }

  /** The moments of all rows so far. */
  finish(names: readonly string[]): ColumnVariability {
    const n = this.#n;
    const mean = this.#sums.map((sum) => sum / n);
    const variance = this.#squares.map(
      (square, k) => Math.max(square / n - mean[k] ** 2, 0) * (n / Math.max(n - 1, 1)),
    );
    return {
      names,
      n,
      mean,
      variance,
      emptyRows: this.#emptyRows,
      emptyColumns: this.#sums.filter((sum) => sum === 0).length,
      isWhole: this.#isWhole,
      hasOneTotal: n > 1 && this.#mostTotal - this.#leastTotal <= totalTolerance * this.#mostTotal,
      smallest: this.#smallest,
      largest: this.#largest,
    };
  }
}

/** The moments of the common columns of several matrices, of all their rows together, in the order of the first one. */
export function pooledVariability(
  matrices: readonly ColumnVariability[],
): Pick<ColumnVariability, "names" | "mean" | "variance"> {
  const places = matrices.map(({ names }) => new Map(names.map((name, k) => [name, k])));
  const names = matrices[0].names.filter((name) => places.every((of) => of.has(name)));
  const total = matrices.reduce((sum, { n }) => sum + n, 0);
  const sumOf = (name: string, term: (matrix: ColumnVariability, k: number) => number) =>
    matrices.reduce((sum, matrix, i) => sum + term(matrix, places[i].get(name) as number), 0);
  const mean = Float64Array.from(
    names,
    (name) => sumOf(name, (matrix, k) => matrix.n * matrix.mean[k]) / total,
  );
  const squares = ({ n, mean: own, variance }: ColumnVariability, k: number, centre: number) =>
    (n - 1) * variance[k] + n * (own[k] - centre) ** 2;
  const variance = Float64Array.from(
    names,
    (name, j) => sumOf(name, (matrix, k) => squares(matrix, k, mean[j])) / Math.max(total - 1, 1),
  );
  return { names, mean, variance };
}

/**
 * Checks that a matrix may hold counts, for an option that needs them.
 * @throws {DatasetError} `BadTable` for values below 0, NaN and infinity.
 */
export function checkCounts(
  path: string,
  { smallest }: Pick<ColumnVariability, "smallest">,
  option: string,
): void {
  if (smallest >= 0) return;
  const value = Number.isNaN(smallest) ? "NaN or infinity" : smallest;
  throw badTable(path, `has ${value} in its matrix: ${option} expects counts, from 0 on`, [
    byOption("data.layer", ["counts"], "if that is the matrix of counts"),
    {
      options: [{ key: option.replace(/=.*/, ""), values: ["null"] }],
      text: `leave ${option} out`,
    },
  ]);
}

/** Bins of the mean. */
const meanBins = 20;
/** The prefix of the number of columns in data.columns. */
const variablePrefix = /^hvg:(.*)$/s;

/**
 * The number N of a choice of columns hvg:N; null for names of columns.
 * @throws {DatasetError} `InvalidOption` for other texts behind hvg:.
 */
export function variableCount(columns: readonly string[] | undefined): number | null {
  const [, text] = variablePrefix.exec(columns?.[0] ?? "") ?? [];
  if (text === undefined || columns?.length !== 1) return null;
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1) return count;
  throw invalidOption(`data.columns=hvg:${text}: expected hvg:N, such as hvg:2000`);
}

/**
 * The `count` columns that vary most for their mean, in the order of the file: the variance through the
 * mean, as a logarithm, in deviations from its bin among 20 equal bins of log(1 + mean) (Satija et al.,
 * Nature Biotechnology 2015; scanpy's flavor "seurat", Seurat's "mean.var.plot"). Columns without
 * variance are left out, also if fewer remain.
 */
export function mostVariable(
  { names, mean, variance }: Pick<ColumnVariability, "names" | "mean" | "variance">,
  count: number,
): string[] {
  const scores = dispersionScores(mean, variance);
  const places = Array.from(names, (_, k) => k).filter((k) => !Number.isNaN(scores[k]));
  const chosen = new Set(places.toSorted((a, b) => scores[b] - scores[a] || a - b).slice(0, count));
  return names.filter((_, k) => chosen.has(k));
}

/** The dispersion of each column in deviations from its bin; NaN for a column without variance. */
function dispersionScores(mean: Float64Array, variance: Float64Array): Float64Array {
  const level = mean.map(Math.log1p);
  const dispersion = variance.map((v, k) => (v > 0 ? Math.log(v / mean[k]) : Number.NaN));
  const bins = equalBins(level);
  const members = Array.from({ length: meanBins }, (): number[] => []);
  for (const [k, bin] of bins.entries())
    if (!Number.isNaN(dispersion[k])) members[bin].push(dispersion[k]);
  const scales = members.map((values) => {
    const centre = values.reduce((sum, x) => sum + x, 0) / values.length;
    const squares = values.reduce((sum, x) => sum + (x - centre) ** 2, 0);
    // A column alone in its bin has no deviation; it scores 1.
    return values.length < 2
      ? { centre: 0, deviation: centre }
      : { centre, deviation: Math.sqrt(squares / (values.length - 1)) };
  });
  return dispersion.map((value, k) => {
    const { centre, deviation } = scales[bins[k]];
    return (value - centre) / deviation;
  });
}

/** The bin of each value among equal bins of their range; a value on a border is in the lower one. */
function equalBins(values: Float64Array): Int32Array {
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  const width = (high - low) / meanBins;
  return Int32Array.from(values, (x) =>
    width > 0 ? Math.min(Math.max(Math.ceil((x - low) / width) - 1, 0), meanBins - 1) : 0,
  );
}

// Columns that are sums of multiples of other columns, such as a total.
import { cat, type Tensor, tensor, tidy } from "@dsbm/torch";
import { setting } from "../errors.js";

/** A column that follows from others. */
export interface DependentColumn {
  /** Its name. */
  name: string;
  /** The columns that it follows from. */
  from: string[];
}

/** More columns are not compared. */
const mostColumns = 200;
/** Further rows of a dataset are not read. */
const mostRows = 5_000;
/** The largest remainder, in deviations or in typical distances from the median: rounding in the file leaves as much. */
const rounding = 1e-2;
/** A column with a smaller share of another one, in deviations, does not explain it. */
const leastShare = 0.02;

/**
 * The columns of `names` that are a linear combination of earlier ones within 1 %, in the rows [n, d] of all datasets. Columns that
 * `ignored` has are neither explained nor explain others.
 */
export function dependentColumns(
  datasets: readonly Tensor[],
  names: readonly string[],
  ignored: (k: number) => boolean,
): DependentColumn[] {
  const places = names.flatMap((_, k) => (ignored(k) ? [] : [k]));
  const n = datasets.reduce((sum, rows) => sum + Math.min(mostRows, rows.size(0)), 0);
  if (places.length < 3 || places.length > mostColumns || n < 2 * places.length) return [];
  return tidy(() => {
    const parts = firstRows(datasets, places);
    const columns = cat(parts, { dim: 1 });
    const found = combinations(rowsOf(columns.mm(columns.t())));
    if (found.length === 0) return [];
    const numbers = parts.map(rowsOf);
    return found
      .filter((combination) => numbers.every((part) => isExplained(part, combination)))
      .map(({ column, from }) => ({
        name: names[places[column]],
        from: from.map((k) => names[places[k]]),
      }));
  });
}

const rowsOf = (matrix: Tensor): number[][] =>
  Array.from({ length: matrix.size(0) }, (_, k) => matrix.select(0, k).toNumbers());

/** Columns [d, n] of the first rows of each dataset, from their means there. */
function firstRows(datasets: readonly Tensor[], places: readonly number[]): Tensor[] {
  const among = tensor(places, { dtype: "int64" });
  return datasets.map((all) => {
    const part = all.narrow(0, 0, Math.min(mostRows, all.size(0))).to("float64");
    return part.sub(part.mean(0)).indexSelect(1, among).t();
  });
}

interface Combination {
  column: number;
  /** Weights of earlier columns. */
  weights: ReadonlyMap<number, number>;
  /** The columns whose weights matter. */
  from: number[];
}

/** Columns that earlier ones explain, by sweeps of their products c [d, d]. */
function combinations(c: readonly number[][]): Combination[] {
  const swept = c.map((row) => [...row]);
  const free: number[] = [];
  return c.flatMap((_, column) => {
    const variance = c[column][column];
    if (variance === 0) return [];
    if (swept[column][column] > rounding ** 2 * variance) {
      sweep(swept, column);
      free.push(column);
      return [];
    }
    const share = (k: number) => Math.abs(swept[k][column]) * Math.sqrt(c[k][k] / variance);
    const from = free.filter((k) => share(k) > leastShare);
    // One other column is a twin.
    if (from.length < 2) return [];
    return [{ column, weights: new Map(free.map((k) => [k, swept[k][column]])), from }];
  });
}

/** The sweep operator: afterwards column j of row k has the weight of k in the regression of j. */
function sweep(a: number[][], k: number): void {
  const pivot = a[k][k];
  const row = a[k].map((x) => x / pivot);
  for (const [i, other] of a.entries()) {
    if (i === k) continue;
    const factor = other[k];
    for (const j of other.keys()) other[j] -= factor * row[j];
    other[k] = -factor / pivot;
  }
  row[k] = 1 / pivot;
  a[k] = row;
}

/** Whether typical rows of a dataset follow, too: a few far values make any columns look alike. */
function isExplained(
  columns: readonly number[][],
  { column, weights }: Pick<Combination, "column" | "weights">,
): boolean {
  const values = columns[column];
  const remainders = [...values];
  for (const [k, weight] of weights)
    for (const [i, x] of columns[k].entries()) remainders[i] -= weight * x;
  const centre = median(values);
  const middle = median(remainders);
  const varying = [...values.keys()].filter((i) => values[i] !== centre);
  if (varying.length === 0) return true;
  const remainder = median(varying.map((i) => Math.abs(remainders[i] - middle)));
  return remainder <= rounding * median(varying.map((i) => Math.abs(values[i] - centre)));
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** What to say of a column that follows from others. */
export function dependenceNotes({ name, from }: DependentColumn): string[] {
  const several = from.length > 4 ? [...from.slice(0, 3), `${from.length - 3} more`] : from;
  return [
    `follows from ${several.join(", ")} (a sum of multiples of them): it counts twice in every distance, and generated rows keep the sum only nearly; ${setting("data.exclude", [name])} leaves it out`,
  ];
}

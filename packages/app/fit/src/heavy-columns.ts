// Columns with heavy tails: a few far values have most of the variance.
import { type Datasets, marginalsOf } from "@dsbm/datasets";
import { type Tensor, tidy } from "@dsbm/torch";
import { heavyShare } from "./rules/table.js";

/** Rows of fewer have no hundredth. */
const leastRows = 100;
const mostRows = 20_000;

/** The names of the columns of a table of which a hundredth of the training rows of any dataset has most of the variance. */
export function heavyColumns(datasets: Datasets): string[] {
  const { columns } = datasets;
  if (!columns) return [];
  const shares = marginalsOf(datasets).flatMap(({ train, facts }) => {
    if (!facts || train.size(0) < leastRows) return [];
    const all = tidy(() => tailShares(train.narrow(0, 0, Math.min(mostRows, train.size(0)))));
    // A column without a width has few values.
    return [all.map((share, k) => (facts.width[k] > 0 ? share : 0))];
  });
  return columns.names.filter((_, k) => shares.some((share) => share[k] > heavyShare));
}

/** The share of the sum of squares of x − median that the farthest hundredth of rows has, of each column of x [n, d]. */
function tailShares(x: Tensor): number[] {
  const squares = x.to("float64").sub(x.to("float64").median(0)[0]).square();
  const [sorted] = squares.sort({ dim: 0, descending: true });
  const far = sorted.narrow(0, 0, Math.ceil(x.size(0) / 100)).sum(0);
  return far.div(sorted.sum(0).clamp({ min: Number.MIN_VALUE })).toNumbers();
}

// The order of metrics: the worst first.
import type { MetricRow } from "../run/quality.js";
import { grades } from "../run/verdict.js";

/** The worst grade first; columns of one grade keep their order, by the distance in standard deviations. */
export const worstFirst = (rows: readonly MetricRow[]): MetricRow[] => {
  const rankOf = ({ grade }: MetricRow) => (grade === undefined ? -1 : grades.indexOf(grade));
  return rows.toSorted((a, b) => rankOf(b) - rankOf(a));
};

/** The worst grade first, then the largest remaining share of the distance. */
export const worstShares = (rows: readonly MetricRow[]): MetricRow[] =>
  worstFirst(rows.toSorted((a, b) => (b.excess?.value ?? 0) - (a.excess?.value ?? 0)));

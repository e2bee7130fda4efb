// Partial transport drops outliers: they go to dummy points at no cost (Chapel et al. 2020).
import { argumentError } from "../core/errors.js";
import { assignment } from "./assignment.js";
import { type Cost, checkCost } from "./cost.js";
import { checkSize, type SparsePlan } from "./plan.js";

/**
 * The cheapest plan of `share` of the mass between n and n points: about share · n pairs of mass 1/n, for `cost`
 * [n, n] ≥ 0. Throws a BridgeError unless 0 < share ≤ 1, and as `assignment`.
 */
export function partialPlan(cost: Cost, n: number, { share }: { share: number }): SparsePlan {
  checkSize("n", n);
  checkCost(cost, n, n);
  if (!(share > 0 && share <= 1))
    throw argumentError(
      `share is ${share}; expected the part of the mass that is transported, more than 0 and at most 1`,
    );
  const pairs = Math.max(1, Math.round(share * n));
  // A dummy point on each side for every dropped point; two dummies are never paired.
  const size = 2 * n - pairs;
  let largest = 0;
  for (const c of cost) largest = Math.max(largest, c);
  const extended = new Float64Array(size * size);
  for (let i = 0; i < n; i++) extended.set(cost.subarray(i * n, (i + 1) * n), i * size);
  for (let i = n; i < size; i++) extended.fill(largest || 1, i * size + n, (i + 1) * size);
  const { columns } = assignment(extended, size);
  const rows: number[] = [];
  for (let i = 0; i < n; i++) if ((columns[i] as number) < n) rows.push(i);
  const partners = Int32Array.from(rows, (i) => columns[i] as number);
  return {
    n,
    m: n,
    rows: Int32Array.from(rows),
    columns: partners,
    mass: new Float64Array(rows.length).fill(1 / n),
  };
}

// Samples with masses: how a bridge grows them, and their distance to rows of equal weight.
import { rowsByMass, stream, wasserstein } from "@dsbm/bridge";
import type { Bridge } from "@dsbm/inference";
import { cat, ones, randperm, type Tensor, tensor, tidy } from "@dsbm/torch";
import { mean } from "./table.js";

/** Weighted samples in the units of the data. */
export interface Grown {
  x: Tensor;
  weights: Tensor;
}

/** Carries rows in the data's units from one time to another. */
export async function grow(
  bridge: Bridge,
  rows: Tensor,
  times: { from?: string; to?: string } = {},
) {
  const start = enter(bridge, rows);
  const { x, weights } = await bridge.sample(start, { direction: "f", seed: 1, ...times });
  start.dispose();
  const columns = bridge.units.undo(x);
  x.dispose();
  return tidy((): Grown => {
    const n = rows.size(0);
    const joined = columns.map((column) => tensor(column, { dtype: "float64" }).reshape([n, 1]));
    const masses = weights?.to("float64") ?? ones([n], { dtype: "float64" });
    return { x: cat(joined, { dim: 1 }).keep(), weights: masses.keep() };
  });
}

/** Rows [n, d] in the data's units as states [n, d] in the network's units. */
export const enter = (bridge: Bridge, rows: Tensor): Tensor => {
  const columns = tidy(() =>
    rows.unbind({ dim: 1 }).map((column) => Float64Array.from(column.toNumbers())),
  );
  return bridge.units.apply(columns);
};

/** Systematic resampling rounds masses to multiples of one over the number of copies. */
const mostCopies = 8;
/** `wasserstein` compares a random part of more rows, which is farther away. */
const mostRows = 10_000;

/** Exact W1 of weighted samples to rows of equal weight. */
export const weightedW1 = ({ x, weights }: Grown, y: Tensor): number =>
  tidy(() => {
    const isEqual = weights.eq(weights.select(0, 0)).all().item();
    const fitting = Math.max(1, Math.floor(mostRows / x.size(0)));
    const copies = isEqual ? 1 : Math.min(mostCopies, fitting);
    const all = x.repeatInterleave(copies, { dim: 0 });
    // Copies one after the other: in rounds, each round would have the same whole numbers.
    const drawn = all.indexSelect(0, rowsByMass(weights.repeatInterleave(copies)));
    return w1(drawn, y);
  });

/** Exact W1 of rows [n, d] and [m, d] of equal weight. */
export const w1 = (x: Tensor, y: Tensor): number => wasserstein(x, y, { p: 1 }).value;

/** W1 between two halves of rows in random order. */
export function withinHalves(x: Tensor): number {
  return tidy(() => {
    const n = Math.floor(x.size(0) / 2);
    const order = randperm(x.size(0), { generator: stream(1, "benchmark/courses/halves") });
    const mixed = x.indexSelect(0, order);
    return w1(mixed.narrow(0, 0, n), mixed.narrow(0, n, n));
  });
}

/** The correlation of two lists of equal length. */
export function correlation(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  const product = (f: (i: number) => number) => a.reduce((sum, _, i) => sum + f(i), 0);
  const [u, v] = [(i: number) => (a[i] as number) - meanA, (i: number) => (b[i] as number) - meanB];
  const scale = Math.sqrt(product((i) => u(i) ** 2) * product((i) => v(i) ** 2));
  return product((i) => u(i) * v(i)) / scale;
}

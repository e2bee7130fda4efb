// Our own kernels for Sinkhorn's iteration against PyTorch's operations, and the properties of a
// plan.
import { describe, expect, it } from "vitest";
import { startFrom } from "../../../../test/support/start.js";
import * as T from "../src/index.js";
import { bits, off } from "./nn/in-double.js";

startFrom(7);

const double = { dtype: "float64" } as const;
const one = { tolerance: 0, most: 1 };

/** A kernel of a cost, weights of its rows and columns, and scalings other than 1. */
function problemOf(n: number, m: number) {
  const [cost, f, g] = [T.rand([n, m], double), T.randn([n], double), T.randn([m], double)];
  const weights = (k: number) => T.rand([k], double).add(0.5).div(k);
  const scaling = (k: number) => T.rand([k], double).add(0.5);
  const scalings = { a: weights(n), b: weights(m), u: scaling(n), v: scaling(m) };
  return { cost, f, g, matrix: T.sinkhornKernel(cost, f, g, 0.3), scalings };
}
const copied = ({ a, b, u, v }: T.Scalings): T.Scalings => ({ a, b, u: u.clone(), v: v.clone() });

/** Less than four rows or eight columns, no multiples of them, and several blocks of rows. */
describe.each([
  [1, 1],
  [33, 70],
  [130, 9],
  [300, 101],
])("a kernel of %i rows and %i columns", (n, m) => {
  it("is exp((f + g − cost)/reg)", () => {
    const { cost, f, g, matrix } = problemOf(n, m);
    expect(off(matrix, f.unsqueeze(-1).add(g).sub(cost).div(0.3).exp())).toBeLessThan(1e-14);
  });

  it("is exp(rows columnsᵀ)", () => {
    const [rows, columns] = [T.randn([n, 4], double), T.randn([m, 4], double)];
    const found = T.sinkhornProductKernel(rows, columns);
    expect(off(found, rows.mm(columns.t()).exp())).toBeLessThan(1e-13);
    T.setNumThreads(2);
    expect(bits([T.sinkhornProductKernel(rows, columns)])).toEqual(bits([found]));
  });

  it.each([1, 0.8])("has the scalings of PyTorch's operations, tau %d", (tau) => {
    const { matrix, scalings } = problemOf(n, m);
    const { a, b, v } = scalings;
    const x = a.div(matrix.mv(v).pow(tau));
    const sums = matrix.t().mv(x);
    const y = b.div(sums.pow(tau));
    const deviation = y.sub(v).abs().mul(sums).sum().item();
    const other = matrix.t().contiguous().t();
    for (const kernel of [matrix, other]) {
      const found = copied(scalings);
      const ended = T.sinkhornIterate(kernel, found, { ...one, tau });
      expect(ended.count).toBe(1);
      expect(Math.abs(ended.deviation - deviation)).toBeLessThan(1e-11 * (1 + deviation));
      expect(off(found.u, x)).toBeLessThan(1e-12);
      expect(off(found.v, y)).toBeLessThan(1e-12);
    }
    // Accelerated iterations, in which rounding grows.
    const [found, again] = [copied(scalings), copied(scalings)];
    T.sinkhornIterate(matrix, found, { ...one, tau, most: 3 });
    T.sinkhornIterate(other, again, { ...one, tau, most: 3 });
    expect(off(found.v, again.v)).toBeLessThan(1e-9);
  });

  it("has the same bits on two threads", () => {
    const { matrix, scalings } = problemOf(n, m);
    const all = () => {
      const found = copied(scalings);
      T.sinkhornIterate(matrix, found, { tau: 1, tolerance: 1e-12, most: 20 });
      const plan = matrix.clone();
      return [T.sinkhornPlan(plan, found), plan, found.u, found.v];
    };
    const alone = bits(all());
    T.setNumThreads(2);
    expect(bits(all())).toEqual(alone);
  });

  it("becomes a plan, whose sums are the weights", () => {
    const { matrix, scalings } = problemOf(n, m);
    const [a, b] = [scalings.a, scalings.b.mul(scalings.a.sum().div(scalings.b.sum()))];
    const found = { ...copied(scalings), b };
    const steps = { tau: 1, tolerance: 1e-12, most: 500 };
    const { deviation, count } = T.sinkhornIterate(matrix, found, steps);
    expect(deviation).toBeLessThanOrEqual(1e-12);
    expect(count).toBeLessThan(500);
    const want = found.u.unsqueeze(-1).mul(matrix).mul(found.v);
    const sums = T.sinkhornPlan(matrix, found);
    expect(off(matrix, want)).toBeLessThan(1e-14);
    expect(off(sums, a)).toBeLessThan(1e-11);
    expect(off(matrix.sum(0), b)).toBeLessThan(1e-12);
    expect(off(matrix.sum(1), sums)).toBeLessThan(1e-14);
  });
});

/** Iterations to a deviation of 1e-10 of equal weights, at most 5,000; one at a time is not accelerated. */
function iterationsOf(matrix: T.Tensor, most: number): number {
  const [n, m] = matrix.shape as [number, number];
  const [u, v] = [T.ones([n], double), T.ones([m], double)];
  const scalings = { ...{ a: u.div(n), b: v.div(m) }, ...{ u: u.clone(), v: v.clone() } };
  let count = 0;
  for (let left = Number.POSITIVE_INFINITY; left > 1e-10 && count < 5000; ) {
    const ended = T.sinkhornIterate(matrix, scalings, { tau: 1, tolerance: 1e-10, most });
    left = ended.deviation;
    count += ended.count;
  }
  return count;
}

it("is accelerated: slow problems take a small part of the iterations", () => {
  for (const [reg, part] of [
    [0.5, 0.7],
    [0.05, 0.4],
    [0.01, 0.2],
  ] as const)
    T.tidy(() => {
      const [x, y] = [T.rand([150, 2], double), T.rand([170, 2], double).square()];
      const cost = x.unsqueeze(1).sub(y).square().sum(-1);
      const [f, g] = [T.zeros([150], double), T.zeros([170], double)];
      const matrix = T.sinkhornKernel(cost, f, g, reg);
      const count = iterationsOf(matrix, 1000);
      expect(count).toBeLessThan(part * iterationsOf(matrix, 1));
      expect(count).toBeLessThan(300);
    });
});

it("says NaN where scalings are out of range", () => {
  const { scalings } = problemOf(4, 4);
  const { deviation } = T.sinkhornIterate(T.zeros([4, 4], double), scalings, { ...one, tau: 1 });
  expect(deviation).toBeNaN();
});

it("refuses other shapes, dtypes and counts in one line", () => {
  const { cost, f, g, matrix, scalings } = problemOf(3, 5);
  const steps = { ...one, tau: 1 };
  const iterate = (of: Partial<T.Scalings>, more = {}) =>
    T.sinkhornIterate(matrix, { ...scalings, ...of }, { ...steps, ...more });
  expect(() => iterate({ u: scalings.v })).toThrow(/a number for each row and column of \[3, 5\]/);
  expect(() => iterate({ a: scalings.a.to("float32") })).toThrow(/expected float64 vectors/);
  expect(() => iterate({}, { most: 0 })).toThrow(/at least one iteration, got 0/);
  expect(() => T.sinkhornIterate(T.zeros([0, 5], double), scalings, steps)).toThrow(
    /float64 kernel/,
  );
  expect(() => T.sinkhornKernel(cost.to("float32"), f, g, 1)).toThrow(/float64 kernel/);
  expect(() => T.sinkhornPlan(matrix, { u: f, v: f })).toThrow(/row and column/);
});

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
const copied = ({ a, b, u, v }: T.Scalings) => ({ a, b, u: u.clone(), v: v.clone() });

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

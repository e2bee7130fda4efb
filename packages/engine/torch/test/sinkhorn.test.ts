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
  return { matrix: f.unsqueeze(-1).add(g).sub(cost).div(0.3).exp(), scalings };
}
const copied = ({ a, b, u, v }: T.Scalings) => ({ a, b, u: u.clone(), v: v.clone() });

/** Less than four rows or eight columns, no multiples of them, and several blocks of rows. */
describe.each([
  [1, 1],
  [33, 70],
  [300, 101],
])("a kernel of %i rows and %i columns", (n, m) => {
  it.each([1, 0.8])("has the scalings of PyTorch's operations, tau %d", (tau) => {
    const { matrix, scalings } = problemOf(n, m);
    const { a, b, v } = scalings;
    const x = a.div(matrix.mv(v).pow(tau));
    const y = b.div(matrix.t().mv(x).pow(tau));
    const target = a.mul(matrix.mv(y).pow(1 - tau));
    const plan = matrix.mul(x.unsqueeze(-1)).mul(y);
    const error = target.sub(plan.sum(-1)).abs().sum().item();
    const found = copied(scalings);
    const ended = T.sinkhornIterate(matrix, found, { ...one, tau });
    expect(Math.abs(ended.error - error)).toBeLessThan(1e-11 * (1 + error));
    expect(off(found.v, y)).toBeLessThan(1e-12);
    expect(off(matrix, plan)).toBeLessThan(1e-12);
  });

  it("has the same bits on two threads", () => {
    const { matrix, scalings } = problemOf(n, m);
    const all = () => {
      const found = copied(scalings);
      const plan = matrix.clone();
      T.sinkhornIterate(plan, found, { tau: 1, tolerance: 1e-12, most: 20 });
      return [found.u, found.v, plan];
    };
    const alone = bits(all());
    T.setNumThreads(2);
    expect(bits(all())).toEqual(alone);
  });
});

it("refuses other shapes, dtypes and counts in one line", () => {
  const { matrix, scalings } = problemOf(3, 5);
  const steps = { ...one, tau: 1 };
  const iterate = (of: Partial<T.Scalings>, more = {}) =>
    T.sinkhornIterate(matrix, { ...scalings, ...of }, { ...steps, ...more });
  expect(() => iterate({ u: scalings.v })).toThrow(/a number for each row and column of \[3, 5\]/);
  expect(() => iterate({ a: scalings.a.to("float32") })).toThrow(/expected float64 vectors/);
  expect(() => iterate({}, { most: 0 })).toThrow(/at least one iteration, got 0/);
  expect(() => T.sinkhornIterate(T.zeros([0, 5], double), scalings, steps)).toThrow(
    /float64 kernel/,
  );
});

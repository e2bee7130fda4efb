// Sinkhorn's iterations: their bits, and what they refuse. One iteration is a record of the table of kernels.
import { expect, it } from "vitest";
import { startFrom } from "../../../../test/support/start.js";
import * as T from "../src/index.js";
import { bits } from "./kernel/in-double.js";

startFrom(7);

const float64Options = { dtype: "float64" } as const;
const oneIteration = { tolerance: 0, most: 1 };

/** A kernel of a cost, weights of its rows and columns, and scalings other than 1. */
function problemOf(n: number, m: number) {
  const [cost, f, g] = [
    T.rand([n, m], float64Options),
    T.randn([n], float64Options),
    T.randn([m], float64Options),
  ];
  const weights = (k: number) => T.rand([k], float64Options).add(0.5).div(k);
  const scaling = (k: number) => T.rand([k], float64Options).add(0.5);
  const scalings = { a: weights(n), b: weights(m), u: scaling(n), v: scaling(m) };
  return { matrix: f.unsqueeze(-1).add(g).sub(cost).div(0.3).exp(), scalings };
}
const copyScalings = ({ a, b, u, v }: T.Scalings) => ({ a, b, u: u.clone(), v: v.clone() });

it.each([
  [1, 1],
  [33, 70],
  [300, 101],
])("iterations of a kernel of %i rows and %i columns have the same bits on two threads", (n, m) => {
  const { matrix, scalings } = problemOf(n, m);
  const all = () => {
    const found = copyScalings(scalings);
    const plan = matrix.clone();
    T.sinkhornIterate(plan, found, { tau: 1, tolerance: 1e-12, most: 20 });
    return [found.u, found.v, plan];
  };
  const alone = bits(all());
  T.setNumThreads(2);
  expect(bits(all())).toEqual(alone);
});

it("refuses other shapes, dtypes and counts in one line", () => {
  const { matrix, scalings } = problemOf(3, 5);
  const steps = { ...oneIteration, tau: 1 };
  const iterate = (of: Partial<T.Scalings>, more = {}) =>
    T.sinkhornIterate(matrix, { ...scalings, ...of }, { ...steps, ...more });
  expect(() => iterate({ u: scalings.v })).toThrow(/a number for each row and column of \[3, 5\]/);
  expect(() => iterate({ a: scalings.a.to("float32") })).toThrow(/expected float64 vectors/);
  expect(() => iterate({}, { most: 0 })).toThrow(/at least one iteration, got 0/);
  expect(() => T.sinkhornIterate(T.zeros([0, 5], float64Options), scalings, steps)).toThrow(
    /float64 kernel/,
  );
});

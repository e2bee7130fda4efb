// Accelerated fixed-point iterations: linear ones end after as many steps as there are rates, and potentials of points need
// a small part of the iterations that plain ones take, for the same result.
import { randn, setNumThreads, type Tensor, tensor, zeros } from "@dsbm/torch";
import { beforeEach, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { seeded } from "../../../../../test/support/numbers.js";
import { Accelerator } from "../../src/ot/accelerator.js";
import { pointPotentials } from "../../src/ot/point-potentials.js";

beforeEach(() => setNumThreads(1));

/** Steps until x ← rates · x + 1 has settled to 1e-10, at most 2,000. */
function stepsOf(rates: readonly number[], next: (x: Tensor, f: Tensor) => Tensor): number {
  const rate = tensor(Float64Array.from(rates));
  let x = zeros([rates.length], { dtype: "float64" });
  for (let k = 1; k < 2000; k++) {
    const f = x.mul(rate).add(1).sub(x);
    if (f.abs().amax().item() < 1e-10) return k;
    x = next(x, f);
  }
  return 2000;
}

it.each([
  [[0.9, 0.9, 0.9], 4],
  [[0.99, 0.5, -0.7, 0.99], 6],
  [Array.from({ length: 40 }, (_, i) => i / 42), 75],
] as const)("settle soon where rates are %j", (rates, most) => {
  const accelerator = new Accelerator();
  const steps = stepsOf(rates, (x, f) => accelerator.next(x, f));
  accelerator.dispose();
  expect(steps).toBeLessThanOrEqual(most);
  expect(stepsOf(rates, (x, f) => x.add(f))).toBeGreaterThan(2 * steps);
});

it("keep an iterate that does not change", () => {
  const accelerator = new Accelerator();
  const [x, still] = [zeros([3], { dtype: "float64" }), zeros([3], { dtype: "float64" })];
  for (let k = 0; k < 3; k++) expect(accelerator.next(x, still).toNumbers()).toEqual([0, 0, 0]);
  accelerator.dispose();
});

it("end at NaN: of points, and of an iteration", () => {
  const bad = tensor([0, 1, Number.NaN, 1], { shape: [2, 2], dtype: "float32" });
  const { iterations, error } = pointPotentials(bad, bad, { epsilon: 100 });
  expect(error).toBeNaN();
  expect(iterations).toBe(1);
  const accelerator = new Accelerator();
  const nan = zeros([3], { dtype: "float64" }).div(0);
  for (let k = 0; k < 4; k++) expect(accelerator.next(nan, nan).isnan().all().item()).toBe(true);
  accelerator.dispose();
});

it("are those of potentials between points", () => {
  const [n, epsilon] = [200, 0.03];
  const x = randn([n, 3], { generator: seeded(1) });
  const y = randn([n, 3], { generator: seeded(2) })
    .mul(0.5)
    .add(1);
  const found = pointPotentials(x, y, { epsilon, tolerance: 1e-3 });
  // Plain iterations from the same start, to the same error.
  const products = x.to("float64").mm(y.to("float64").t()).div(epsilon);
  const mean = Math.log(n);
  const update = (w: Tensor, dim: number) =>
    products
      .add(dim === 1 ? w : w.unsqueeze(1))
      .logsumexp(dim)
      .rsub(mean);
  let v = y
    .to("float64")
    .square()
    .sum(1)
    .div(-2 * epsilon);
  let count = 0;
  for (let error = 1; error > 1e-5; ) {
    const next = update(update(v, 1), 0);
    error = next.sub(v).abs().amax().item();
    v = next;
    if (error > 1e-3) count++;
  }
  expect(found.iterations).toBeLessThan(count / 2);
  const level = (t: Tensor) => t.to("float64").sub(t.to("float64").mean());
  expect(level(found.v).sub(level(v)).abs().amax().item()).toBeLessThan(0.02);
});

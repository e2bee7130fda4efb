// Accelerated fixed-point iterations: linear ones end after one step for each rate, and potentials
// of points need a small part of the plain iterations, for the same result.
import { setNumThreads, type Tensor, tensor, zeros } from "@dsbm/torch";
import { beforeEach, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { Accelerator } from "../../src/ot/accelerator.js";
import { pointPotentials } from "../../src/ot/point-potentials.js";

beforeEach(() => setNumThreads(1));

/** Steps until x ← rates · x + 1 has settled to 1e-10, at most 2,000. */
function stepsOf(rates: readonly number[], next: (x: Tensor, f: Tensor) => Tensor) {
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
])("settle soon where rates are %j", (rates, most) => {
  const accelerator = new Accelerator();
  const steps = stepsOf(rates, (x, f) => accelerator.next(x, f));
  accelerator.dispose();
  expect(steps).toBeLessThanOrEqual(most);
  expect(stepsOf(rates, (x, f) => x.add(f))).toBeGreaterThan(2 * steps);
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

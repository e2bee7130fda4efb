// The bridge's law and its targets, against closed forms and for tensors of any shape.
import { full, rand, randn, tidy, zeros } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import {
  distance,
  expectMoments,
  generatorOf,
  leastSquares,
  normal,
} from "../../../../../test/support/numbers.js";
import { exactCovariance, exactDrift, exactMarginal } from "../../src/metric/gaussian-bridge.js";
import { brownian } from "../../src/process/brownian.js";
import { asColumn, bridgeAndTarget } from "../../src/process/process.js";

const shapes = [
  [6000, 3],
  [1000, 2, 3, 3],
];
const times = (n: number, t: number) => full([n], t, { dtype: "float64" });
const uniform = (n: number, seed: number) =>
  rand([n], { generator: generatorOf(seed), dtype: "float64" })
    .mul(0.96)
    .add(0.02);

describe.each(shapes.map((shape) => ({ shape })))("bridges of shape $shape", ({ shape }) => {
  const n = shape[0];

  it.each([0.5, 1, 2])("have mean (1−t)x0 + t·x1 and variance σ²t(1−t), σ = %d", (sigma) => {
    for (const t of [0.1, 0.5, 0.85])
      tidy(() => {
        const x0 = zeros(shape, { dtype: "float64" }).sub(1);
        const x1 = zeros(shape, { dtype: "float64" }).add(3);
        const x = brownian({ sigma }).bridge({ x0, x1, t: times(n, t), z: normal(shape, 11) });
        expect(x.shape).toEqual(shape);
        expectMoments(x, { mean: -(1 - t) + 3 * t, var: sigma ** 2 * t * (1 - t) });
      });
  });

  it.each([0, 0.5, 1, 2])("have the target (end − x_t)/(time left), σ = %d", (sigma) => {
    const process = brownian({ sigma });
    const x0 = normal(shape, 1);
    const x1 = normal(shape, 2);
    const z = normal(shape, 3);
    const t = uniform(n, 4);
    const sample = { x0, x1, t, z };
    const x = process.bridge(sample);
    const s = asColumn(t, x0);
    expect(distance(process.target("f", sample), x1.sub(x).div(s.rsub(1)))).toBeLessThan(1e-11);
    expect(distance(process.target("b", sample), x0.sub(x).div(s))).toBeLessThan(1e-11);
  });

  it("are left at the far end with standard deviation σ", () => {
    const start = zeros(shape, { dtype: "float64" }).add(2);
    for (const direction of ["f", "b"] as const)
      expectMoments(brownian({ sigma: 0.5 }).endpoint(direction, start, normal(shape, 8)), {
        mean: 2,
        var: 0.25,
      });
  });
});

describe("brownian", () => {
  it.each(["f", "b"] as const)(
    "has the exact drift as the mean of its targets, given x_t (%s)",
    (direction) => {
      const bridge = { a: 0.3, sigma: 1.5 };
      const process = brownian(bridge);
      const c = exactCovariance(bridge);
      const shape = [20_000, 2];
      for (const t of [0.2, 0.5, 0.9])
        tidy(() => {
          const u = normal(shape, 21);
          const x0 = u.sub(bridge.a);
          const x1 = u
            .mul(c)
            .add(normal(shape, 22).mul(Math.sqrt(1 - c ** 2)))
            .add(bridge.a);
          const sample = { x0, x1, t: times(20_000, t), z: normal(shape, 23) };
          const x = process.bridge(sample);
          expectMoments(x, exactMarginal(bridge, t));
          const fit = leastSquares(x, process.target(direction, sample));
          const exact = exactDrift(direction, bridge, t);
          expect(Math.abs(fit.slope - exact.slope)).toBeLessThan(5 * fit.slopeError);
          expect(Math.abs(fit.shift - exact.shift)).toBeLessThan(5 * fit.shiftError);
        });
    },
  );
});

describe("points and targets in one pass", () => {
  const generator = generatorOf(7);
  const rows = (shape: number[]) => {
    const [x0, x1, z] = Array.from({ length: 3 }, () => randn(shape, { generator }));
    // Up to the ends, where the noise of the target is large.
    const t = rand([shape[0]], { generator }).mul(0.998).add(0.001);
    return { x0: x0.add(3), x1: x1.sub(3), t, z };
  };

  it.each([[[1, 1]], [[128, 5]], [[33, 50]], [[40, 3, 16, 17]]])(
    "equal two passes for %j",
    (shape) => {
      const process = brownian({ sigma: 1.5 });
      const sample = rows(shape);
      for (const direction of ["f", "b"] as const) {
        const [x, target] = bridgeAndTarget(process, direction, sample);
        expect(x.shape).toEqual(shape);
        expect(distance(x, process.bridge(sample))).toBeLessThan(2e-6);
        const want = process.target(direction, sample);
        expect(distance(target.div(want.abs().add(1)), want.div(want.abs().add(1)))).toBeLessThan(
          2e-6,
        );
      }
    },
  );
});

// The closed form of fitted moments against the exact bridge of the benchmark, and against what characterises a bridge
// between Gaussians of any covariance.
import { arange, cat, eye, full, randn, type Tensor } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { distance, generatorOf, normal } from "../../../../../test/support/numbers.js";
import { oneTime } from "../../src/core/one-time.js";
import { uniformGrid } from "../../src/core/time-grid.js";
import { exactDrift } from "../../src/metric/gaussian-bridge.js";
import { FittedGaussian } from "../../src/model/fitted-gaussian.js";
import { eulerMaruyama } from "../../src/solver/euler-maruyama.js";

/** Rows [400, d] with the mean and the covariance L·Lᵀ exactly. */
function rowsOf(mean: number, L: Tensor, seed: number): Tensor {
  const z = normal([400, L.size(0)], seed);
  const centred = z.sub(z.mean(0));
  const [values, vectors] = centred.t().mm(centred).div(400).linalgEigh();
  const white = centred.mm(vectors.div(values.sqrt())).mm(vectors.t());
  return white.mm(L.t()).add(mean);
}

const pairOf = (x: Tensor, direction: "f" | "b") => ({
  direction: full([x.size(0)], direction === "f" ? 1 : 0),
});

describe("the bridge of fitted moments", () => {
  it.each(["f", "b"] as const)("has the exact drift of the benchmark (%s)", (direction) => {
    const bridge = { a: 0.4, sigma: 1.3 };
    const one = eye(3, { dtype: "float64" });
    const model = new FittedGaussian([3]);
    model.fit(rowsOf(-0.4, one, 1), rowsOf(0.4, one, 2), bridge.sigma ** 2);
    const x = randn([6, 3], { generator: generatorOf(3) });
    for (const t of [0, 0.2, 0.5, 0.9]) {
      const time = direction === "f" ? t : 1 - t;
      const { slope, shift } = exactDrift(direction, bridge, time);
      const want = x.mul(slope).add(shift);
      const given = pairOf(x, direction);
      expect(distance(model.forward(x, oneTime(x, time), given), want)).toBeLessThan(1e-4);
      expect(distance(model.forward(x, full([6], time), given), want)).toBeLessThan(1e-4);
    }
  });

  it("has the coupling of the static bridge for any covariances of source and target", () => {
    const epsilon = 0.7;
    const L0 = normal([4, 4], 5);
    const L1 = normal([4, 4], 6);
    const model = new FittedGaussian([2, 2]);
    model.fit(rowsOf(1, L0, 7).reshape([-1, 2, 2]), rowsOf(0, L1, 8).reshape([-1, 2, 2]), epsilon);
    const [A, B, C] = model.covariance.to("float64").unbind();
    expect(distance(B, L1.mm(L1.t()))).toBeLessThan(1e-4);
    // A⁻¹C (B − CᵀA⁻¹C)⁻¹ is I/ε at the Schrödinger bridge between Gaussians.
    const inner = A.linalgInv().mm(C);
    const got = inner.mm(B.sub(C.t().mm(inner)).linalgInv());
    expect(distance(got, eye(4, { dtype: "float64" }).div(epsilon))).toBeLessThan(2e-3);
  });

  it.each(["constant", "twice another one"])(
    "is finite at t = 0 and t = 1 if a column is %s",
    (what) => {
      const model = new FittedGaussian([2]);
      const x = randn([50, 2], { generator: generatorOf(9) });
      const first = x.narrow(1, 0, 1);
      const second = what === "constant" ? first.mul(0).add(5) : first.mul(2);
      model.fit(x, cat([first, second], { dim: 1 }), 0.01);
      for (const direction of ["f", "b"] as const)
        for (const t of [0, 1]) {
          const drift = model.forward(x, oneTime(x, t), pairOf(x, direction));
          expect(drift.isfinite().all().item()).toBe(true);
        }
    },
  );

  it("transports new rows if the dimension exceeds their number", () => {
    // Deviations of 1 and 3 in every second dimension, at both ends.
    const d = 40;
    const deviations = arange(0, d).remainder(2).mul(2).add(1);
    const draw = (n: number, seed: number) =>
      randn([n, d], { generator: generatorOf(seed) }).mul(deviations);
    const model = new FittedGaussian([d]);
    model.fit(draw(30, 1), draw(30, 2), 0.01);
    const start = draw(500, 3);
    const end = eulerMaruyama((x, t) => model.forward(x, t, pairOf(x, "f")), start, {
      direction: "f",
      grid: uniformGrid(20),
      sigma: 0.1,
      noise: (x) => randn(x.shape, { generator: generatorOf(4) }),
    });
    const kept = end.var({ dim: 0 }).div(deviations.square());
    expect(kept.mean().item()).toBeGreaterThan(0.5);
    expect(kept.mean().item()).toBeLessThan(2);
    // Shrunk towards one variance, and closer to the truth than the moments of the rows.
    const [A] = model.covariance.to("float64").unbind();
    const few = draw(30, 1).to("float64");
    const centred = few.sub(few.mean(0));
    const own = centred.t().mm(centred).div(30);
    const truth = eye(d, { dtype: "float64" }).mul(deviations.square());
    const apart = (x: Tensor) => x.sub(truth).square().sum().item();
    expect(apart(A)).toBeLessThan(0.7 * apart(own));
    expect(A.trace().item() / own.trace().item()).toBeCloseTo(1, 5);
  });
});

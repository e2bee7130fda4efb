// Unbalanced transport: the closed form of single points, the conditions of optimality, the bridge between Gaussians whose
// marginals are penalised, and its limits.
import { arange, type Tensor, tensor, where } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { distance, normal } from "../../../../../test/support/numbers.js";
import { squaredDistances } from "../../src/ot/cost.js";
import { sinkhorn } from "../../src/ot/sinkhorn.js";

/** Quantiles of N(mean, deviation²) at the middles of n equal parts, [n, 1]. */
const quantiles = (n: number, mean: number, deviation: number): Tensor =>
  arange(0, n, { dtype: "float64" })
    .add(0.5)
    .div(n)
    .mul(2)
    .sub(1)
    .erfinv()
    .mul(Math.SQRT2 * deviation)
    .add(mean)
    .unsqueeze(1);

/** a x² + b x + c. */
type Quadratic = readonly [a: number, b: number, c: number];

/** log ∫ exp((g(y) − (x − y)²)/ε) N(y; m, s²) dy as a quadratic function of x. */
function softened([a, b, c]: Quadratic, { m, s, eps }: Record<"m" | "s" | "eps", number>) {
  const p = 1 / s ** 2 - (2 * a) / eps + 2 / eps;
  const q = m / s ** 2 + b / eps;
  return [
    2 / (eps ** 2 * p) - 1 / eps,
    (2 * q) / (eps * p),
    c / eps - m ** 2 / (2 * s ** 2) + q ** 2 / (2 * p) - 0.5 * Math.log(p * s ** 2),
  ] as const;
}

/** Mass and mean of exp(−f/ρ) N(x; m, s²). */
function tilted([a, b, c]: Quadratic, { m, s, rho }: Record<"m" | "s" | "rho", number>) {
  const p = 1 / s ** 2 + (2 * a) / rho;
  const q = m / s ** 2 - b / rho;
  const exponent = q ** 2 / (2 * p) - m ** 2 / (2 * s ** 2) - c / rho;
  return { mass: Math.exp(exponent) / Math.sqrt(p * s ** 2), mean: q / p };
}

describe("sinkhorn with a penalty", () => {
  it("between two points is p = exp(−c/(reg + 2·penalty))", () => {
    for (const [c, reg, penalty] of [
      [3, 1, 1],
      [0.2, 0.05, 4],
      [10, 2, 0.3],
    ] as const) {
      const { plan, converged } = sinkhorn(tensor([[c]]), { reg, penalty, tolerance: 1e-13 });
      expect(converged).toBe(true);
      expect(plan.item()).toBeCloseTo(Math.exp(-c / (reg + 2 * penalty)), 8);
    }
  });

  it.each([0.02, 0.3, 5])("fulfils the conditions of optimality at reg = %d", (reg) => {
    const [n, m, penalty] = [12, 17, 0.8];
    const cost = squaredDistances(normal([n, 2], 1), normal([m, 2], 2).add(0.7));
    const { plan, converged, error } = sinkhorn(cost, { reg, penalty });
    expect(converged).toBe(true);
    expect(error).toBeLessThan(1e-9);
    // ∂/∂P: c + reg log(P/ab) + ρ log(P1/a) + ρ log(Pᵀ1/b) = 0 everywhere, the objective being convex.
    const gradient = plan
      .mul(n * m)
      .log()
      .mul(reg)
      .add(plan.sum(1, { keepdim: true }).mul(n).log().mul(penalty))
      .add(plan.sum(0, { keepdim: true }).mul(m).log().mul(penalty))
      .add(cost);
    // Entries below 1e-200 are zeros of double precision.
    const seen = where(plan.gt(1e-200), gradient, plan.mul(0));
    expect(seen.abs().amax().item()).toBeLessThan(1e-5);
  });

  it("between Gaussians has the mass and the mean that their quadratic potentials give", () => {
    const [eps, rho] = [0.4, 1.5];
    const [x, y] = [
      { m: 0, s: 1 },
      { m: 1.6, s: 0.7 },
    ];
    const tau = rho / (rho + eps);
    const scale = (k: Quadratic): Quadratic => [
      -tau * eps * k[0],
      -tau * eps * k[1],
      -tau * eps * k[2],
    ];
    let [f, g]: [Quadratic, Quadratic] = [
      [0, 0, 0],
      [0, 0, 0],
    ];
    for (let i = 0; i < 400; i++) {
      f = scale(softened(g, { ...y, eps }));
      g = scale(softened(f, { ...x, eps }));
    }
    const want = tilted(f, { ...x, rho });
    const n = 200;
    const [from, to] = [quantiles(n, x.m, x.s), quantiles(n, y.m, y.s)];
    const { plan } = sinkhorn(squaredDistances(from, to), { reg: eps, penalty: rho });
    const mass = plan.sum().item();
    const mean = plan.sum(1).mul(from.squeeze(1)).sum().item() / mass;
    // Mass is lost: the ends are 1.6 apart, and what is left of x is nearer to y.
    expect(want.mass).toBeLessThan(0.7);
    expect(want.mean).toBeGreaterThan(0.2);
    expect(Math.abs(mass - want.mass)).toBeLessThan(0.01 * want.mass);
    expect(Math.abs(mean - want.mean)).toBeLessThan(0.01);
  });

  it("goes to the balanced plan for a large penalty", () => {
    const cost = squaredDistances(normal([8, 2], 3), normal([8, 2], 4));
    const balanced = sinkhorn(cost, { reg: 0.5 }).plan;
    const gap = (penalty: number) => distance(sinkhorn(cost, { reg: 0.5, penalty }).plan, balanced);
    expect(gap(1e4)).toBeLessThan(1e-4);
    expect(gap(1)).toBeGreaterThan(1e-2);
  });

  it("refuses a penalty that is none", () => {
    for (const penalty of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => sinkhorn(tensor([[1]]), { reg: 1, penalty })).toThrow(
        `sinkhorn: penalty is ${penalty}; expected a finite number greater than 0`,
      );
  });
});

// The metrics of benchmarks against closed forms: path measures of Gaussian bridges, and plans of mixture potentials.

import { exactDrift, exactMarginal, type Field, growthPlan } from "@dsbm/bridge";
import { cat, linspace, noGrad, randn, type Tensor, tidy } from "@dsbm/torch";
import { describe, expect, it } from "vitest";
import { generatorOf, normal } from "../../../test/support/numbers.js";
import { conditionalUvp, knownPlan, planMoments } from "../src/exact/known-plan.js";
import { pathKL } from "../src/exact/path-kl.js";
import { trueGrowth } from "../src/exact/two-clusters.js";
import { weightedW1 } from "../src/weighted.js";

describe("pathKL", () => {
  const bridge = { a: 0.3, sigma: 0.8 };
  const epsilon = bridge.sigma ** 2;
  const field =
    (direction: "f" | "b", slope = 0, shift = 0): Field =>
    (x, t) => {
      const exact = exactDrift(direction, bridge, t.select(0, 0).item());
      return x.mul(exact.slope + slope).add(exact.shift + shift);
    };
  const draws = () => {
    const generator = generatorOf(3);
    return (t: number) => {
      const { mean, var: v } = exactMarginal(bridge, t);
      return randn([2000, 3], { generator, dtype: "float64" }).mul(Math.sqrt(v)).add(mean);
    };
  };

  it.each(["f", "b"] as const)("is the closed form of a shifted drift (%s)", (direction) => {
    const exact = field(direction);
    expect(pathKL(exact, exact, { epsilon, draw: draws() }).value).toBe(0);
    const { value } = pathKL(field(direction, 0, 0.5), exact, { epsilon, draw: draws() });
    expect(value).toBeCloseTo((3 * 0.5 ** 2) / (2 * epsilon), 10);
  });

  it("is the closed form of a drift that is too steep: s²∫E|X|²dt/2ε", () => {
    const steep = 0.4;
    const { value, low, high } = pathKL(field("f", steep), field("f"), { epsilon, draw: draws() });
    const second = Array.from({ length: 1000 }, (_, k) => {
      const { mean, var: v } = exactMarginal(bridge, (k + 0.5) / 1000);
      return (v + mean ** 2) / 1000;
    }).reduce((a, b) => a + b);
    const want = (3 * steep ** 2 * second) / (2 * epsilon);
    expect(Math.abs(value - want)).toBeLessThan(2 * (high - low));
    expect(value).toBeCloseTo(want, 2);
  });
});

it("measures W1 of rows with parts of a weight", () =>
  tidy(() => {
    const x = linspace(0, 1, 2).unsqueeze(1);
    expect(weightedW1({ x, weights: linspace(1.5, 0.5, 2) }, x)).toBeCloseTo(0.25);
  }));

describe("a known plan", () => {
  const starts = (n: number, d: number) => normal([n, d], 5).to("float32");

  it.each([0.1, 1, 10])("has the moments of its samples, epsilon %s", (epsilon) =>
    noGrad(() =>
      tidy(() => {
        const potential = knownPlan({ dim: 3, epsilon, seed: 1 });
        const x = starts(20_000, 3);
        const y = potential.draw(x, normal([20_000, 3], 6).to("float32")).to("float64");
        const { mean, covariance } = planMoments(potential, x);
        const own = y.t().cov();
        const scale = covariance.trace().item() / 3;
        expect(y.mean(0).sub(mean).abs().max().item()).toBeLessThan(5 * Math.sqrt(scale / 20_000));
        expect(own.sub(covariance).abs().max().item() / scale).toBeLessThan(0.08);
        // Several components are used.
        expect(potential.plan(x).weights.mean(0).max().item()).toBeLessThan(0.8);
        // An exact sampler's cBW²-UVP is about 0.
        const one = x.narrow(0, 0, 1);
        const ends = potential.draw(
          one.expand([20_000, 3]).contiguous(),
          normal([20_000, 3], 7).to("float32"),
        );
        const error = { exact: planMoments(potential, one), variance: 3 * scale };
        expect(conditionalUvp(ends, error)).toBeLessThan(0.3);
        potential.dispose();
      }),
    ),
  );
});

it("the true growth of clusters equals the growth on a grid in the plane", () => {
  const delta = 1.2;
  const grid = (reach: number, n: number) => linspace(-reach, reach, n, { dtype: "float64" });
  const [along, over] = [grid(9.5, 81).repeatInterleave(9), grid(2.6, 9).repeat([81])];
  const x = cat(
    [along.add(over), along.sub(over)].map((y) => y.div(Math.SQRT2).unsqueeze(1)),
    { dim: 1 },
  );
  const bell = (y: Tensor) => y.square().sum(1).div(-2).exp();
  const logOf = (growing: number, by: number) =>
    bell(x.add(3 - by))
      .mul(growing)
      .add(bell(x.sub(3 + by)).mul(1 - growing))
      .add(1e-12)
      .log();
  const logs = { logA: logOf(0.25, 0), logB: logOf(0.75, 0.5) };
  const { plan, left, joined } = growthPlan(x, x, { delta, ...logs });
  const mass = plan.sum(1).mul(left.exp());
  const grown = plan.mul(joined.exp()).sum(1).div(plan.sum(1)).log().sub(left);
  const truth = trueGrowth(x, { delta, enter: (rows) => rows });
  expect(grown.sub(truth).abs().mul(mass).sum().div(mass.sum()).item()).toBeLessThan(0.03);
});

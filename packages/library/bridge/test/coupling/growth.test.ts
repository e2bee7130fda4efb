// Plans of masses: the action of pairs, all rows at once, semi-relaxed plans and growth priors.
import { full, type Generator, linspace, type Tensor, tensor, zeros } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { distance, generatorOf, normal } from "../../../../../test/support/numbers.js";
import { chainOf, intervalsOf } from "../../src/chain/chain.js";
import { drawWholePlans } from "../../src/chain/coupling.js";
import { chainEndpoints } from "../../src/chain/endpoints.js";
import type { Pairs } from "../../src/core/batch.js";
import { growthPlan, joinMass, minibatchGrowth, splitMass } from "../../src/coupling/growth.js";
import { squaredDistances } from "../../src/ot/cost.js";
import { sinkhorn } from "../../src/ot/sinkhorn.js";
import { growthCost, straightPath } from "../../src/process/growth-path.js";
import { withLogMass } from "../support.js";

describe("pairs with masses", () => {
  it("have in sum the action of the static plan", () => {
    const delta = 0.8;
    const n = 40;
    const x = normal([n, 2], 1).mul(0.5);
    const y = normal([n, 2], 2).mul(0.6).add(0.4);
    const [m0, m1] = [1, 2.5];
    const cost = growthCost(squaredDistances(x, y), delta);
    const reg = 1e-3;
    const { plan } = sinkhorn(cost.sub(Math.log(m0 * m1)), { reg, penalty: 1, tolerance: 1e-8 });
    const rows = plan.sum(1);
    const columns = plan.sum(0);
    const kl = (p: Tensor, mass: number) =>
      p
        .mul(p.mul(n / mass).log())
        .sub(p)
        .add(mass / n)
        .sum()
        .item();
    const value = plan.mul(cost).sum().item() + kl(rows, m0) + kl(columns, m1);
    // Masses of the semi-couplings, and the distance of each pair on the cone.
    const from = plan.mul(
      rows
        .mul(n / m0)
        .reciprocal()
        .unsqueeze(1),
    );
    const to = plan.mul(
      columns
        .mul(n / m1)
        .reciprocal()
        .unsqueeze(0),
    );
    const cosine = cost.div(-2).exp();
    const actions = from.add(to).sub(from.mul(to).sqrt().mul(cosine), { alpha: 2 });
    expect(actions.sum().item() / value).toBeCloseTo(1, 2);
  });
  it("of an interval equal the pairs of the same data in its units", () => {
    const x = withLogMass(normal([50, 2], 5).to("float32"), 0);
    const y = withLogMass(normal([50, 2], 6).to("float32").add(1), Math.log(2));
    const interval = full([50], 0, { dtype: "int64" });
    const plain = minibatchGrowth({ delta: 0.7 })({ x0: x, x1: y }, generatorOf(7));
    const within = minibatchGrowth({ delta: 0.7, units: [0.5, Math.sqrt(0.75)] })(
      { x0: x.div(0.5), x1: y.div(0.5), conditions: { interval } },
      generatorOf(7),
    );
    expect(distance(within.x0.mul(0.5), plain.x0)).toBeLessThan(1e-6);
    expect(distance(within.x1.mul(0.5), plain.x1)).toBeLessThan(1e-4);
  });
});

describe("pairs from plans of all rows", () => {
  const sizes = [30, 50, 40];
  const masses = [1, 2.5, 1.5];
  const chain = chainOf([0, 0.36, 1]);
  const marginals = sizes.map((n, k) => ({
    x: withLogMass(normal([n, 2], 10 + k).to("float32"), Math.log(masses[k])),
  }));
  const data = () => chainEndpoints(marginals, chain);
  const units = intervalsOf(chain).map(({ unit }) => unit);
  const couple = minibatchGrowth({ delta: 2, units });

  it("are as many of each interval, and carry the masses of both ends", () => {
    const draw = drawWholePlans(couple, data(), { of: "x0", count: 20_000, most: 50 });
    const { x0, x1, conditions } = (draw as (generator: Generator) => Pairs)(generatorOf(3));
    const interval = conditions?.interval as Tensor;
    for (const [k, unit] of units.entries()) {
      const gained = splitMass(x1).logMass.sub(splitMass(x0).logMass).mul(unit);
      const own = interval.eq(k).to("float32");
      expect(own.mean().item()).toBeCloseTo(0.5, 1);
      const ratio = gained.exp().mul(own).sum().div(own.sum()).item();
      expect(ratio).toBeCloseTo(masses[k + 1] / masses[k], 1);
    }
  });

  it("join rows with their own targets, not with the neighbours of these", () => {
    const x = withLogMass(linspace(0, 2, 21).unsqueeze(1), 0);
    const { x0, x1 } = minibatchGrowth({ delta: 2 })({ x0: x, x1: x }, generatorOf(4), "x0", 50);
    expect(distance(x0, x1)).toBeLessThan(1e-3);
  });

  it("do not exist of rows with conditions, or of too many rows", () => {
    const { conditions, ...rest } = data();
    const labelled = {
      x0: { ...conditions?.x0, y: conditions?.x0?.interval },
      x1: { ...conditions?.x1, y: conditions?.x1?.interval },
    };
    expect(
      drawWholePlans(couple, { ...rest, conditions: labelled }, { of: "x0", count: 9, most: 50 }),
    ).toBe(null);
    const many = { x0: full([51, 3], 0), x1: full([50, 3], 0) };
    expect(drawWholePlans(couple, many, { of: "x0", count: 9, most: 50 })).toBe(null);
  });
});

describe("a semi-relaxed plan (VGFM)", () => {
  const n = 30;
  const x = normal([n, 2], 11);
  const y = normal([n, 2], 12).mul(0.7).add(0.5);
  const distances = squaredDistances(x, y).to("float64");
  const cost = distances.div(distances.median().item());
  const zero = zeros([n], { dtype: "float64" });
  const three = zero.add(Math.log(3));
  const planOf = (penalty: number, prior?: Tensor) =>
    growthPlan(x, y, { delta: 1, logA: zero, logB: three, penalty, prior });

  it.each([0.05, 1, 1000])("keeps the target's masses with penalty %s", (penalty) => {
    const { plan, left, joined } = planOf(penalty);
    expect(distance(plan.sum(0), full([n], 1 / n, { dtype: "float64" }))).toBeLessThan(1e-9);
    expect(distance(joined, three)).toBeLessThan(1e-9);
    // Rows grow by their mass that leaves: 3 Σ_j π_ij / a_i, in sum the target's mass.
    const grown = joined.sub(left).exp();
    expect(distance(grown, plan.sum(1).mul(3 * n))).toBeLessThan(1e-6);
  });

  it("is balanced for a large penalty, and takes the nearest rows for a small one", () => {
    const balanced = sinkhorn(cost, { reg: 0.05 }).plan;
    expect(distance(planOf(1e5).plan, balanced)).toBeLessThan(1e-3);
    const nearest = cost.div(-0.05).softmax(0).div(n);
    expect(distance(planOf(1e-4).plan, nearest)).toBeLessThan(1e-3);
  });

  it("has straight paths with constant growth", () => {
    const t = tensor([0, 0.25, 1], { dtype: "float64" });
    const at = { x0: x.narrow(0, 0, 3), x1: y.narrow(0, 0, 3), delta: t, t };
    const path = straightPath({ ...at, logRatio: t.onesLike().mul(Math.log(5)) });
    expect(distance(path.mass, tensor([1, 5 ** 0.25, 5], { dtype: "float64" }))).toBeLessThan(1e-9);
    expect(distance(path.x.select(0, 2), y.select(0, 2))).toBeLessThan(1e-6);
    expect(distance(path.velocity, at.x1.sub(at.x0))).toBeLessThan(1e-6);
  });
});

describe("a growth prior", () => {
  // Rows left and right of a target: the plan alone cannot tell which of them grew.
  const side = (i: number) => (i < 20 ? -1 : 1);
  const places = Array.from({ length: 40 }, (_, i) => [side(i)]);
  const prior = tensor(Float64Array.from(places, ([x]) => (x > 0 ? Math.log(3) : 0)));
  const source = tensor(places);
  const target = zeros([40, 1]);

  it.each([null, 10])("decides which of two equally near rows grew (penalty %s)", (penalty) => {
    const logA = zeros([40], { dtype: "float64" });
    const logB = logA.add(Math.log(2));
    const { left, joined } = growthPlan(source, target, { delta: 1, logA, logB, penalty, prior });
    const grown = joined.mean().sub(left).exp();
    expect(grown.select(0, 30).item() / grown.select(0, 0).item()).toBeCloseTo(3, 1);
    expect(grown.mean().item()).toBeCloseTo(2, 2);
  });

  it("is part of source rows with the masses given, and pairs grow from these masses", () => {
    const pairs = minibatchGrowth({ delta: 1, masses: [1, 2] })(
      { x0: joinMass(source, prior.to("float32")), x1: withLogMass(target, Math.log(2)) },
      generatorOf(9),
      "x0",
      20,
    );
    const start = splitMass(pairs.x0);
    const growth = splitMass(pairs.x1).logMass.sub(start.logMass).exp();
    const isRight = start.x.select(1, 0).gt(0).to("float32");
    expect(Math.abs(isRight.mean().item() - 0.5)).toBeLessThan(0.1);
    const right = growth.mul(isRight).sum().item() / isRight.sum().item();
    expect(right).toBeCloseTo(3, 1);
    expect(growth.amin().item()).toBeCloseTo(1, 1);
  });
});

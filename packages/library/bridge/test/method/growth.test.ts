// Unbalanced flow and bridge: paths of pairs, plans of masses, and the losses at the exact fields.
import {
  full,
  type Generator,
  linspace,
  nn,
  optim,
  rand,
  randn,
  type Tensor,
  tensor,
  tidy,
  zeros,
} from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { distance, normal, seeded } from "../../../../../test/support/numbers.js";
import { chainOf, intervalsOf } from "../../src/chain/chain.js";
import { wholePairs } from "../../src/chain/coupling.js";
import { chainEndpoints } from "../../src/chain/endpoints.js";
import type { Pairs } from "../../src/core/batch.js";
import { growthPlan, joinMass, minibatchGrowth, splitMass } from "../../src/coupling/growth.js";
import { aroundPaths } from "../../src/method/interpolated.js";
import { lightsb } from "../../src/method/lightsb.js";
import type { Method } from "../../src/method/method.js";
import { wfr, wfr_bridge } from "../../src/method/wfr.js";
import { BlindToMass } from "../../src/model/blind-to-mass.js";
import { ComponentGrowth } from "../../src/model/component-growth.js";
import { FlowAndScore } from "../../src/model/flow-and-score.js";
import { UnbalancedMixture } from "../../src/model/unbalanced-mixture.js";
import { squaredDistances } from "../../src/ot/cost.js";
import { sinkhorn } from "../../src/ot/sinkhorn.js";
import { brownian } from "../../src/process/brownian.js";
import { growthCost, growthPath, straightPath } from "../../src/process/growth-path.js";

const pair = { from: [0.3, -0.2], to: [1.1, 0.9] };

/** The path of one pair in float64 at the times t [n]. */
function path(t: Tensor, { ratio, delta }: { ratio: number; delta: number }) {
  const n = t.size(0);
  const rows = (x: number[]) => tensor([x], { dtype: "float64" }).expand([n, 2]);
  const all = (value: number) => full([n], value, { dtype: "float64" });
  return growthPath({
    x0: rows(pair.from),
    x1: rows(pair.to),
    logRatio: all(Math.log(ratio)),
    delta: all(delta),
    t,
  });
}

const cases = [
  { ratio: 1, delta: 0.6 },
  { ratio: 4, delta: 0.5 },
  { ratio: 0.1, delta: 1.3 },
  { ratio: 3, delta: 50 },
];

describe("the path of a pair with masses", () => {
  it.each(cases)("runs from x0 to x1, and mass grows by the ratio: %o", (at) => {
    const { x, mass } = path(tensor([0, 1], { dtype: "float64" }), at);
    expect(distance(x, tensor([pair.from, pair.to], { dtype: "float64" }))).toBeLessThan(1e-9);
    expect(distance(mass, tensor([1, at.ratio], { dtype: "float64" }))).toBeLessThan(1e-9);
  });

  it.each(cases)("has its derivatives as velocity and growth: %o", (at) => {
    const h = 1e-5;
    const t = linspace(0.05, 0.95, 9, { dtype: "float64" });
    const [before, here, after] = [t.sub(h), t, t.add(h)].map((times) => path(times, at));
    expect(distance(after.x.sub(before.x).div(2 * h), here.velocity)).toBeLessThan(1e-6);
    const slope = after.mass
      .log()
      .sub(before.mass.log())
      .div(2 * h);
    expect(distance(slope, here.growth)).toBeLessThan(1e-6);
  });

  it.each(cases)("has the action 4δ²(m0 + m1 − 2√(m0 m1) cos(|x1 − x0|/2δ)): %o", (at) => {
    const n = 4000;
    const t = linspace(0.5 / n, 1 - 0.5 / n, n, { dtype: "float64" });
    const { velocity, growth, mass } = path(t, at);
    const energy = velocity
      .square()
      .sum(1)
      .add(growth.square().mul(at.delta ** 2));
    const length = Math.hypot(pair.to[0] - pair.from[0], pair.to[1] - pair.from[1]);
    const cosine = Math.cos(length / (2 * at.delta));
    const action = 4 * at.delta ** 2 * (1 + at.ratio - 2 * Math.sqrt(at.ratio) * cosine);
    expect(energy.mul(mass).mean().item() / action).toBeCloseTo(1, 5);
  });
});

const withLogMass = (x: Tensor, logMass: number) => joinMass(x, full([x.size(0)], logMass));

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
    const plain = minibatchGrowth({ delta: 0.7 })({ x0: x, x1: y }, seeded(7));
    const within = minibatchGrowth({ delta: 0.7, units: [0.5, Math.sqrt(0.75)] })(
      { x0: x.div(0.5), x1: y.div(0.5), conditions: { interval } },
      seeded(7),
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
    const draw = wholePairs(couple, data(), { of: "x0", count: 20_000, most: 50 });
    const { x0, x1, conditions } = (draw as (generator: Generator) => Pairs)(seeded(3));
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
    const { x0, x1 } = minibatchGrowth({ delta: 2 })({ x0: x, x1: x }, seeded(4), "x0", 50);
    expect(distance(x0, x1)).toBeLessThan(1e-3);
  });

  it("do not exist of rows with conditions, or of too many rows", () => {
    const { conditions, ...rest } = data();
    const labelled = {
      x0: { ...conditions?.x0, y: conditions?.x0?.interval },
      x1: { ...conditions?.x1, y: conditions?.x1?.interval },
    };
    expect(
      wholePairs(couple, { ...rest, conditions: labelled }, { of: "x0", count: 9, most: 50 }),
    ).toBe(null);
    const many = { x0: full([51, 3], 0), x1: full([50, 3], 0) };
    expect(wholePairs(couple, many, { of: "x0", count: 9, most: 50 })).toBe(null);
  });
});

describe("growth in many columns", () => {
  it("depends on 50 principal components", () => {
    const growth = new ComponentGrowth(120, seeded(1));
    const x = normal([80, 120], 8).to("float32");
    growth.begin(withLogMass(x, 0));
    const axes = growth.axes.div(growth.axes.square().sum(0).sqrt());
    const at = (rows: Tensor) => growth.forward(withLogMass(rows, 0), zeros([80]));
    const none = at(x.zerosLike());
    expect(distance(at(x.sub(x.mm(axes).mm(axes.t()))), none)).toBeLessThan(1e-4);
    expect(distance(at(x), none)).toBeGreaterThan(0.01);
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
      seeded(9),
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

describe("unbalanced LightSB", () => {
  const epsilon = 0.2;
  const penalty = 1;
  const centres = [-1.5, 1.5];
  const width = 0.3;
  const masses = { start: [1, 3], end: [3, 1] };
  const density = (weights: readonly number[], x: Tensor, shift: number) =>
    centres
      .map((centre, k) =>
        x
          .sub(centre + shift)
          .div(width)
          .square()
          .div(-2)
          .exp()
          .mul(weights[k] / (width * Math.sqrt(2 * Math.PI))),
      )
      .reduce((a, b) => a.add(b));
  const shift = 0.4;
  const drawn = (weights: readonly number[], n: number, by: number, seed: number) => {
    const isRight = rand([n], { generator: seeded(seed) }).gt(weights[0] / 4);
    const x = randn([n], { generator: seeded(seed + 1) }).mul(width);
    const centre = isRight
      .to("float32")
      .mul(3)
      .sub(1.5 - by);
    return withLogMass(x.add(centre).unsqueeze(1), Math.log(4));
  };

  it("has the growth and the marginals of unbalanced Sinkhorn on a grid", () => {
    // The truth: penalties of the two densities as costs, and Lebesgue measure as the reference.
    const n = 300;
    const h = 8 / n;
    const grid = linspace(-4 + h / 2, 4 - h / 2, n, { dtype: "float64" });
    const p = density(masses.start, grid, 0).add(1e-12);
    const q = density(masses.end, grid, shift).add(1e-12);
    const half = grid.unsqueeze(1).sub(grid.unsqueeze(0)).square().div(2);
    const weighed = (density: Tensor) =>
      density
        .mul(h * n)
        .log()
        .mul(penalty);
    const cost = half
      .sub(weighed(p).unsqueeze(1))
      .sub(weighed(q).unsqueeze(0))
      .sub(2 * epsilon * Math.log(n * h));
    const { plan } = sinkhorn(cost, { reg: epsilon, penalty, tolerance: 1e-10 });
    const leaves = plan.sum(1).div(p.mul(h)).log();
    const arrives = plan.sum(0).div(q.mul(h)).log();

    const method = lightsb({ components: 6, massPenalty: penalty, masses: [4, 4] });
    const network = new UnbalancedMixture(penalty, { d: 1, direction: "f", components: 6 });
    const start = drawn(masses.start, 4000, 0, 21);
    const end = drawn(masses.end, 4000, shift, 23);
    network.begin(start, end, { epsilon, spread: 0.1, generator: seeded(25) });
    const optimizer = new optim.Adam(network.parameters(), { lr: 0.02 });
    const context = {
      direction: "f" as const,
      process: brownian({ sigma: Math.sqrt(epsilon) }),
      meanMatch: false,
      t: zeros([1]),
      noise: (like: Tensor) => like,
    };
    for (let step = 0; step < 1500; step++)
      tidy(() => {
        optimizer.lr = 0.01 * (1 + Math.cos((Math.PI * step) / 1500));
        optimizer.zeroGrad();
        const some = (x: Tensor) => x.narrow(0, (step % 8) * 500, 500);
        method.loss?.({ x0: some(start), x1: some(end) }, { ...context, network }).backward();
        optimizer.step();
      });
    const some = drawn(masses.start, 20000, 0, 31);
    const z = randn(some.shape, { generator: seeded(33) });
    const moved = splitMass(network.draw(withLogMass(splitMass(some).x, 0), z));
    const weights = moved.logMass.exp();
    expect(weights.mean().item()).toBeCloseTo(1, 1);
    const isRight = (x: Tensor) =>
      x
        .select(1, 0)
        .gt(shift / 2)
        .to("float32");
    expect(isRight(moved.x).mul(weights).mean().item()).toBeCloseTo(1 / 4, 1);
    // At both centres, the mass that leaves and the mass that each start becomes.
    for (const centre of centres) {
      const at = Math.round((centre + 4) / h - 0.5);
      const row = plan.select(0, at);
      const truth =
        leaves.select(0, at).exp().item() *
        row.mul(arrives.neg().exp()).sum().div(row.sum()).item();
      const rows = withLogMass(full([4000, 1], grid.select(0, at).item()), 0);
      const grown = splitMass(network.draw(rows, randn([4000, 2], { generator: seeded(35) })));
      expect(Math.abs(Math.log(grown.logMass.exp().mean().item() / truth))).toBeLessThan(0.15);
    }
  });
});

/** A field of (x, t) as a network. */
class Exact extends nn.Module {
  constructor(private readonly field: (x: Tensor, t: Tensor) => Tensor) {
    super();
  }
  forward(x: Tensor, t: Tensor): Tensor {
    return this.field(x, t);
  }
}

describe("the losses of unbalanced flow and bridge", () => {
  const n = 64;
  const delta = 0.9;
  const logRatio = Math.log(2);
  const rows = (x: number[], logMass: number) => tensor([[...x, logMass]]).expand([n, 3]);
  const batch = { x0: rows(pair.from, 0), x1: rows(pair.to, logRatio) };
  const t = linspace(0.01, 0.99, n);
  const exact = (times: Tensor) =>
    growthPath({
      x0: splitMass(batch.x0).x,
      x1: splitMass(batch.x1).x,
      logRatio: full([n], logRatio),
      delta: full([n], delta),
      t: times,
    });
  const context = (sigma: number) => ({
    direction: "f" as const,
    process: brownian({ sigma }),
    meanMatch: false,
    t,
    noise: (like: Tensor) => randn(like.shape, { generator: seeded(8) }),
  });

  it("are 0 at the field of a pair, and not elsewhere", () => {
    const field = (factor: number) =>
      new Exact((_, times) => {
        const { velocity, growth } = exact(times);
        return joinMass(velocity, growth.mul(factor));
      });
    const loss = (factor: number) =>
      wfr({ delta }).loss(batch, { ...context(1), network: new BlindToMass(field(factor), {}) });
    expect(loss(1).item()).toBeLessThan(1e-8);
    expect(loss(1.5).item()).toBeGreaterThan(1e-3);
  });

  it("count a field next to the path if rows have noise and keep their mass", () => {
    const leaving = new Exact((x, times) => {
      const { x: mean, velocity, growth } = exact(times);
      return joinMass(velocity.add(splitMass(x).x.sub(mean)), growth.add(splitMass(x).logMass));
    });
    const network = new BlindToMass(leaving, {});
    const { loss: lossOf } = aroundPaths(wfr({ delta }) as Method, 0.2);
    const loss = lossOf!(batch, { ...context(1), network });
    const noise = randn([n, 3], { generator: seeded(8) }).mul(tensor([[0.2, 0.2, 0]]));
    const expected = noise.square().mul(exact(t).mass.unsqueeze(1)).mean();
    expect(loss.item()).toBeCloseTo(expected.item(), 6);
  });

  it("with noise are 0 at flow and score of a pair's bridge", () => {
    const sigma = 0.7;
    const flow = new Exact((x, times) => {
      const { x: mean, velocity, growth } = exact(times);
      const slope = times
        .mul(-2)
        .add(1)
        .div(times.mul(times.rsub(1)).mul(2))
        .unsqueeze(1);
      return joinMass(velocity.add(splitMass(x).x.sub(mean).mul(slope)), growth);
    });
    const score = new Exact((x, times) => {
      const variance = times.mul(times.rsub(1)).unsqueeze(1);
      const away = splitMass(x).x.sub(exact(times).x);
      return joinMass(away.div(variance).div(-2), full([n], 5));
    });
    const network = new FlowAndScore(
      new BlindToMass(flow, {}),
      new BlindToMass(score, { hasGrowth: false }),
    );
    const loss = tidy(() =>
      wfr_bridge({ delta })
        .loss(batch, { ...context(sigma), network })
        .item(),
    );
    expect(loss).toBeLessThan(1e-6);
  });
});

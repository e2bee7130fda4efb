// Unbalanced flow and bridge: paths of pairs, plans of masses, and the losses at the exact fields.
import { full, type Generator, linspace, nn, randn, type Tensor, tensor, tidy } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { distance, normal, seeded } from "../../../../../test/support/numbers.js";
import { chainOf, intervalsOf } from "../../src/chain/chain.js";
import { wholePairs } from "../../src/chain/coupling.js";
import { chainEndpoints } from "../../src/chain/endpoints.js";
import type { Pairs } from "../../src/core/batch.js";
import { joinMass, minibatchGrowth, splitMass } from "../../src/coupling/growth.js";
import { wfr, wfr_bridge } from "../../src/method/wfr.js";
import { BlindToMass } from "../../src/model/blind-to-mass.js";
import { FlowAndScore } from "../../src/model/flow-and-score.js";
import { squaredDistances } from "../../src/ot/cost.js";
import { sinkhorn } from "../../src/ot/sinkhorn.js";
import { brownian } from "../../src/process/brownian.js";
import { growthCost, growthPath } from "../../src/process/growth-path.js";

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
    const [before, here, after] = [t.sub(h), t, t.add(h)].map((times) => path(times, at)) as [
      ReturnType<typeof path>,
      ReturnType<typeof path>,
      ReturnType<typeof path>,
    ];
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
    const length = Math.hypot(pair.to[0]! - pair.from[0]!, pair.to[1]! - pair.from[1]!);
    const cosine = Math.cos(length / (2 * at.delta));
    const action = 4 * at.delta ** 2 * (1 + at.ratio - 2 * Math.sqrt(at.ratio) * cosine);
    expect(energy.mul(mass).mean().item() / action).toBeCloseTo(1, 5);
  });

  it("is the straight line for a large δ and equal masses", () => {
    const { velocity, growth } = path(tensor([0.2, 0.7], { dtype: "float64" }), {
      ratio: 1,
      delta: 1e4,
    });
    const straight = tensor([pair.to.map((y, i) => y - pair.from[i]!)], { dtype: "float64" });
    expect(distance(velocity, straight.expand([2, 2]))).toBeLessThan(1e-3);
    expect(growth.abs().amax().item()).toBeLessThan(1e-3);
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

  it("far apart grow where they are", () => {
    const n = 300;
    const near = normal([n, 2], 3).mul(0.01).to("float32");
    const far = near.add(20);
    // Two thirds of the target are near; the far third has half of the mass that it had.
    const x0 = withLogMass(near.narrow(0, 0, 150).mul(1), 0);
    const source = tensor([
      ...x0.toNumbers(),
      ...withLogMass(far.narrow(0, 0, 150), 0).toNumbers(),
    ]);
    const target = tensor([
      ...withLogMass(near.narrow(0, 0, 200), Math.log(3)).toNumbers(),
      ...withLogMass(far.narrow(0, 0, 100), Math.log(3)).toNumbers(),
    ]);
    const shape = (t: Tensor) => t.reshape([n, 3]);
    const pairs = minibatchGrowth({ delta: 0.5 })(
      { x0: shape(source), x1: shape(target) },
      seeded(4),
    );
    const start = splitMass(pairs.x0);
    const end = splitMass(pairs.x1);
    expect(distance(start.x, end.x)).toBeLessThan(0.2);
    const isFar = start.x.select(1, 0).gt(10);
    const growth = end.logMass.sub(start.logMass);
    const at = (which: Tensor) =>
      growth.mul(which.to("float32")).sum().item() / which.to("float32").sum().item();
    expect(Math.exp(at(isFar))).toBeCloseTo(3 * (2 / 3), 1);
    expect(Math.exp(at(isFar.logicalNot()))).toBeCloseTo(3 * (4 / 3), 1);
    expect(Math.abs(isFar.to("float32").mean().item() - 0.5)).toBeLessThan(0.1);
  });

  it("of an interval are those of the same data in its units", () => {
    const x = withLogMass(normal([50, 2], 5).to("float32"), 0);
    const y = withLogMass(normal([50, 2], 6).to("float32").add(1), Math.log(2));
    const interval = full([50], 0, { dtype: "int64" });
    const plain = minibatchGrowth({ delta: 0.7 })({ x0: x, x1: y }, seeded(7));
    const within = minibatchGrowth({ delta: 0.7, units: [0.5, Math.sqrt(0.75)] })(
      { x0: x.div(0.5), x1: y.div(0.5), given: { interval } },
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
    x: withLogMass(normal([n, 2], 10 + k).to("float32"), Math.log(masses[k] as number)),
  }));
  const data = () => chainEndpoints(marginals, chain);
  const units = intervalsOf(chain).map(({ unit }) => unit);
  const couple = minibatchGrowth({ delta: 2, units });

  it("are as many of each interval, and carry the masses of both ends", () => {
    const draw = wholePairs(couple, data(), { of: "x0", count: 20_000 });
    const { x0, x1, given } = (draw as (generator: Generator) => Pairs)(seeded(3));
    const interval = given?.interval as Tensor;
    for (const [k, unit] of units.entries()) {
      const gained = splitMass(x1).logMass.sub(splitMass(x0).logMass).mul(unit);
      const own = interval.eq(k).to("float32");
      expect(own.mean().item()).toBeCloseTo(0.5, 1);
      const ratio = gained.exp().mul(own).sum().div(own.sum()).item();
      expect(ratio).toBeCloseTo((masses[k + 1] as number) / (masses[k] as number), 1);
    }
  });

  it("do not exist of rows with conditions, or of too many rows", () => {
    const { conditions, ...rest } = data();
    const labelled = {
      x0: { ...conditions?.x0, y: conditions?.x0?.interval as Tensor },
      x1: { ...conditions?.x1, y: conditions?.x1?.interval as Tensor },
    };
    expect(wholePairs(couple, { ...rest, conditions: labelled }, { of: "x0", count: 9 })).toBe(
      null,
    );
    const many = { x0: full([2049, 3], 0), x1: full([2048, 3], 0) };
    expect(wholePairs(couple, many, { of: "x0", count: 9 })).toBe(null);
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

// Mean paths that bend: splines through several datasets, and paths that follow the data.
import {
  cat,
  full,
  nn,
  noGrad,
  rand,
  randn,
  setNumThreads,
  type Tensor,
  tensor,
} from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { distance, generatorOf, normal } from "../../../../../test/support/numbers.js";
import { chainOf, intervalsOf } from "../../src/chain/chain.js";
import { alongSplines, type SmoothPaths } from "../../src/chain/coupling.js";
import { chainEndpoints } from "../../src/chain/endpoints.js";
import type { Pairs } from "../../src/core/batch.js";
import type { Network } from "../../src/core/network.js";
import { joinMass, minibatchGrowth, splitMass } from "../../src/coupling/growth.js";
import { minibatchExact } from "../../src/coupling/minibatch.js";
import { withDataMetric } from "../../src/method/interpolant.js";
import { rectifiedflow } from "../../src/method/rectified-flow.js";
import { wfr } from "../../src/method/wfr.js";
import { BlindToMass } from "../../src/model/blind-to-mass.js";
import { dataMetric } from "../../src/model/data-metric.js";
import { brownian } from "../../src/process/brownian.js";

setNumThreads(1);

class Still extends nn.Module {
  forward(x: Tensor): Tensor {
    return x.zerosLike();
  }
}
const stillNetwork = () => new Still();

const context = {
  direction: "f" as const,
  process: brownian(),
  meanMatch: false,
  noise: (like: Tensor) => like.zerosLike(),
};

/** The mean path of pairs at times t, as the flow method learns it. */
function pathOf(pairs: Pairs, t: Tensor, network = stillNetwork()) {
  const { x, target } = rectifiedflow.regression(pairs, { ...context, t, network });
  return { x, velocity: target };
}

describe("splines", () => {
  const times = [0, 0.2, 0.5, 1];
  /** Rows of one path each, so that transport has no choice. */
  const course = (
    at: readonly number[],
    of: (t: number) => number[],
    options: SmoothPaths = {},
  ) => {
    const chain = chainOf(at);
    const data = chainEndpoints(
      at.map((t) => ({ x: tensor([of(t), of(t)]) })),
      chain,
    );
    const units = intervalsOf(chain).map(({ unit }) => unit);
    const plan = options.mass ? minibatchGrowth({ delta: 50, units }) : minibatchExact();
    const couple = alongSplines(plan, chain, options);
    const pairs = couple(
      { x0: data.x0, x1: data.x1, conditions: data.conditions?.x0 },
      generatorOf(1),
    );
    return { pairs, intervals: intervalsOf(chain) };
  };
  const wave = (t: number) => [Math.sin(5 * t), t ** 2];

  it("pass through their knots, smoothly, with their derivatives as velocities", () => {
    const { pairs, intervals } = course(times, wave);
    expect(pairs.x0.shape).toEqual([6, 2]);
    const h = 1e-3;
    const at = (t: number) => pathOf(pairs, pairs.x0.select(1, 0).fullLike(t));
    expect(distance(at(0).x, pairs.x0)).toBeLessThan(1e-6);
    expect(distance(at(1).x, pairs.x1)).toBeLessThan(1e-6);
    for (const t of [0.1, 0.5, 0.8]) {
      const slope = at(t + h)
        .x.sub(at(t - h).x)
        .div(2 * h);
      expect(distance(slope, at(t).velocity)).toBeLessThan(2e-3);
    }
    // In the time of the course, velocity and its derivative have no jump at a dataset.
    const absolute = (t: number, k: number) => {
      const { unit } = intervals[k];
      return at(t)
        .velocity.select(0, 2 * k)
        .div(unit);
    };
    const second = (t: number, k: number) => {
      const { length } = intervals[k];
      return absolute(t + h, k)
        .sub(absolute(t - h, k))
        .div(2 * h * length);
    };
    for (const k of [0, 1]) {
      expect(distance(absolute(1, k), absolute(0, k + 1))).toBeLessThan(1e-4);
      expect(distance(second(1, k), second(0, k + 1))).toBeLessThan(0.02);
    }
    // Natural: straight at both ends.
    expect(distance(second(0, 0), second(0, 0).zerosLike())).toBeLessThan(0.02);
    expect(distance(second(1, 2), second(1, 2).zerosLike())).toBeLessThan(0.02);
  });

  it("between two datasets, and through sets on a line, are straight", () => {
    for (const { pairs } of [course([0, 1], wave), course(times, (t) => [3 * t, 1 - t])]) {
      const t = rand([pairs.x0.size(0)], { generator: generatorOf(2) });
      const { x, velocity } = pathOf(pairs, t);
      expect(distance(x, pairs.x0.lerp(pairs.x1, t.unsqueeze(1)))).toBeLessThan(1e-5);
      expect(distance(velocity, pairs.x1.sub(pairs.x0))).toBeLessThan(1e-5);
    }
  });

  it.each([1e-6, 30, 1e3])("give way to potentials as OTP-FM says, of strength %s", (potential) => {
    const { pairs } = course([0, 0.5, 1], wave, { potential });
    const at = (t: number) =>
      pathOf(pairs, full([4], t))
        .x.select(0, 0)
        .mul(Math.SQRT1_2);
    const row = (t: number) => tensor(wave(t));
    const base = (t: number) => row(0).lerp(row(1), t);
    // The kernel 1 − |2t − 1| in the formulas of the paper.
    const strength = potential / 12;
    const middle = base(0.5)
      .add(row(0.5).mul(strength))
      .div(1 + strength);
    expect(distance(at(1), middle)).toBeLessThan(1e-5);
    const force = middle.sub(row(0.5)).mul(potential);
    expect(distance(at(0.5), base(0.25).sub(force.mul(11 / 192)))).toBeLessThan(1e-3);
  });

  it("with masses have rows and masses of all datasets, grow by the slope of log mass, and have no loss there", () => {
    const masses = [1, 2, 5];
    const chain = chainOf([0, 0.3, 1]);
    const all = intervalsOf(chain);
    const sets = masses.map((mass, k) => ({
      x: joinMass(normal([400, 1], k).add(k).to("float32"), full([400], Math.log(mass))),
    }));
    const { x0, x1, conditions } = chainEndpoints(sets, chain);
    const couple = minibatchGrowth({ delta: 1, masses, units: all.map(({ unit }) => unit) });
    const batch = { x0, x1, conditions: conditions?.x0 };
    const pairs = alongSplines(couple, chain, { mass: true })(batch, generatorOf(4));
    for (const { index, unit } of all)
      for (const [rows, k] of [
        [pairs.x0, index],
        [pairs.x1, index + 1],
      ] as const) {
        const { x, logMass } = splitMass(rows.narrow(0, 400 * index, 400).mul(unit));
        const mass = logMass.exp();
        expect((mass.mean().item() * masses[index]) / masses[k]).toBeCloseTo(1, 1);
        const mean = x.squeeze(1).mul(mass).sum().div(mass.sum());
        expect(distance(mean, sets[k].x.select(1, 0).mean())).toBeLessThan(0.15);
      }
    const t = rand([800], { generator: generatorOf(5) });
    const spline = stillNetwork();
    spline.forward = () => pathOf(pairs, t).velocity;
    const network = new BlindToMass(spline, {});
    network.unit = () => cat(all.map(({ unit }) => full([400], unit)));
    expect(
      wfr()
        .loss(pairs, { ...context, t, network })
        .item(),
    ).toBeLessThan(1e-9);
  });
});

/** Rows on a half circle of radius 1 with the angles of `from` to `to`, in parts of π. */
const arc = (n: number, [from, to]: readonly [number, number], seed: number) => {
  const angle = rand([n], { generator: generatorOf(seed) })
    .mul(to - from)
    .add(from)
    .mul(Math.PI);
  const circle = cat([angle.cos().unsqueeze(1), angle.sin().unsqueeze(1)], { dim: 1 });
  return circle.add(randn([n, 2], { generator: generatorOf(seed + 1) }).mul(0.03));
};

describe("paths that follow the data", () => {
  const facts = {
    shape: [2],
    direction: "f",
    generator: generatorOf(4),
    createNetwork: stillNetwork,
  } as const;

  it.each(["land", "rbf"] as const)("bend along an arc between two clusters (%s)", (name) => {
    const method = withDataMetric(rectifiedflow, name);
    const network = method.model?.create(facts) as Network;
    const data = { x0: arc(100, [0, 0.55], 1), x1: arc(100, [0.45, 1], 3) };
    noGrad(() =>
      method.model?.prepare?.({
        network,
        data,
        direction: "f",
        process: brownian(),
        generator: generatorOf(5),
      }),
    );
    const pairs = minibatchExact()(data, generatorOf(6));
    const t = pairs.x0.select(1, 0).fullLike(0.5);
    const off = (x: Tensor) => x.square().sum(1).sqrt().sub(1).abs().mean().item();
    const { x, velocity } = pathOf(pairs, t, network);
    const line = pairs.x0.lerp(pairs.x1, 0.5);
    expect(off(x)).toBeLessThan(0.6 * off(line));
    const h = 1e-3;
    const slope = pathOf(pairs, t.add(h), network).x.sub(pathOf(pairs, t.sub(h), network).x);
    expect(distance(slope.div(2 * h), velocity)).toBeLessThan(5e-3);
    for (const [at, end] of [
      [0, pairs.x0],
      [1, pairs.x1],
    ] as const)
      expect(distance(pathOf(pairs, t.fullLike(at), network).x, end)).toBeLessThan(1e-6);
  });

  it("know where data are: the RBF metric's density is 1 there", () => {
    const rows = arc(500, [0, 1], 7);
    const length = dataMetric(rows, "rbf", generatorOf(8));
    const unit = rows.onesLike().mul(Math.SQRT1_2);
    const density = (x: Tensor) => length(x, unit).reciprocal();
    const on = density(rows);
    expect(Math.abs(on.mean().item() - 1)).toBeLessThan(0.05);
    expect(on.sub(1).square().mean().sqrt().item()).toBeLessThan(0.2);
    expect(density(rows.mul(0.3)).mean().item()).toBeLessThan(0.1);
  });
});

// Unbalanced flow and bridge: the losses at the exact fields, and growth in many columns.
import { full, linspace, nn, randn, type Tensor, tensor, tidy, zeros } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { distance, generatorOf, normal } from "../../../../../test/support/numbers.js";
import { joinMass, splitMass } from "../../src/coupling/growth.js";
import { withPathNoise } from "../../src/method/interpolant.js";
import type { Method } from "../../src/method/method.js";
import { wfr, wfr_bridge } from "../../src/method/wfr.js";
import { BlindToMass } from "../../src/model/blind-to-mass.js";
import { ComponentGrowth } from "../../src/model/component-growth.js";
import { FlowAndScore } from "../../src/model/flow-and-score.js";
import { brownian } from "../../src/process/brownian.js";
import { growthPath } from "../../src/process/growth-path.js";
import { withLogMass } from "../support.js";

const pair = { from: [0.3, -0.2], to: [1.1, 0.9] };

describe("growth in many columns", () => {
  it("depends on 50 principal components", () => {
    const growth = new ComponentGrowth(120, generatorOf(1));
    const x = normal([80, 120], 8).to("float32");
    growth.initialise(withLogMass(x, 0));
    const axes = growth.axes.div(growth.axes.square().sum(0).sqrt());
    const at = (rows: Tensor) => growth.forward(withLogMass(rows, 0), zeros([80]));
    const none = at(x.zerosLike());
    expect(distance(at(x.sub(x.mm(axes).mm(axes.t()))), none)).toBeLessThan(1e-4);
    expect(distance(at(x), none)).toBeGreaterThan(0.01);
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
    noise: (like: Tensor) => randn(like.shape, { generator: generatorOf(8) }),
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
    const { loss: lossOf } = withPathNoise(wfr({ delta }) as Method, 0.2);
    const loss = lossOf!(batch, { ...context(1), network });
    const noise = randn([n, 3], { generator: generatorOf(8) }).mul(tensor([[0.2, 0.2, 0]]));
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

// Unbalanced LightSB against unbalanced Sinkhorn on a grid.
import { full, linspace, optim, rand, randn, type Tensor, tidy, zeros } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { generatorOf } from "../../../../../test/support/numbers.js";
import { splitMass } from "../../src/coupling/growth.js";
import { lightsb } from "../../src/method/lightsb.js";
import { UnbalancedMixture } from "../../src/model/unbalanced-mixture.js";
import { sinkhorn } from "../../src/ot/sinkhorn.js";
import { brownian } from "../../src/process/brownian.js";
import { withLogMass } from "../support.js";

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
    const isRight = rand([n], { generator: generatorOf(seed) }).gt(weights[0] / 4);
    const x = randn([n], { generator: generatorOf(seed + 1) }).mul(width);
    const centre = isRight
      .to("float32")
      .mul(3)
      .sub(1.5 - by);
    return withLogMass(x.add(centre).unsqueeze(1), Math.log(4));
  };

  /** The plan of unbalanced Sinkhorn on a grid, and the growth of the mass that starts at a point of the grid. */
  function planOnGrid() {
    // Penalties of the two densities are costs, and Lebesgue measure is the reference.
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
    const growthAt = (index: number) => {
      const row = plan.select(0, index);
      const received = row.mul(arrives.neg().exp()).sum().div(row.sum()).item();
      return leaves.select(0, index).exp().item() * received;
    };
    return { h, grid, growthAt };
  }

  /** A mixture after 1,500 steps on samples of both densities. */
  function fitMixture() {
    const method = lightsb({ components: 6, massPenalty: penalty, masses: [4, 4] });
    const network = new UnbalancedMixture(penalty, { d: 1, direction: "f", components: 6 });
    const start = drawn(masses.start, 4000, 0, 21);
    const end = drawn(masses.end, 4000, shift, 23);
    network.initialise(start, end, { epsilon, spread: 0.1, generator: generatorOf(25) });
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
    return network;
  }

  it("has the growth and the marginals of unbalanced Sinkhorn on a grid", () => {
    const { h, grid, growthAt } = planOnGrid();
    const network = fitMixture();
    const some = drawn(masses.start, 20000, 0, 31);
    const z = randn(some.shape, { generator: generatorOf(33) });
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
      const rows = withLogMass(full([4000, 1], grid.select(0, at).item()), 0);
      const grown = splitMass(network.draw(rows, randn([4000, 2], { generator: generatorOf(35) })));
      const growth = grown.logMass.exp().mean().item();
      expect(Math.abs(Math.log(growth / growthAt(at)))).toBeLessThan(0.15);
    }
  });
});

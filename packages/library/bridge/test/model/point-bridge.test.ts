// The Sinkhorn bridge against the exact discrete plan, at the start of either direction and between.
import { arange, full } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { distance, normal } from "../../../../../test/support/numbers.js";
import { oneTime } from "../../src/core/one-time.js";
import { PointBridge } from "../../src/model/point-bridge.js";
import { squaredDistances } from "../../src/ot/cost.js";
import { sinkhorn } from "../../src/ot/sinkhorn.js";

const points = () => ({
  x0: normal([30, 2], 1).add(3).to("float32"),
  x1: normal([40, 2], 2).mul(0.5).add(4).to("float32"),
});

describe("the Sinkhorn bridge", () => {
  it.each([0.3, 1, 5])(
    "starts with the means of the discrete plan, both ways, ε = %s",
    (epsilon) => {
      const { x0, x1 } = points();
      const { plan } = sinkhorn(squaredDistances(x0, x1), { reg: 2 * epsilon });
      for (const direction of ["f", "b"] as const) {
        const [start, end] = direction === "f" ? [x0, x1] : [x1, x0];
        const rows = direction === "f" ? plan : plan.t();
        const want = rows.div(rows.sum(1, { keepdim: true })).mm(end.to("float64"));
        const model = new PointBridge([2], direction);
        expect(model.fit({ x0, x1 }, epsilon)).toBeLessThan(2e-3);
        const drift = model.forward(start, oneTime(start, direction === "f" ? 0 : 1));
        expect(distance(drift.add(start).to("float64"), want)).toBeLessThan(5e-3);
      }
    },
  );

  it("follows the law of the discrete bridge: given the point on the way, the ends have its posterior mean", () => {
    const { x0, x1 } = points();
    const epsilon = 1;
    const t = 0.6;
    const { plan } = sinkhorn(squaredDistances(x0, x1), { reg: 2 * epsilon });
    const model = new PointBridge([2], "f");
    model.fit({ x0, x1 }, epsilon);
    const x = normal([5, 2], 3).add(3.5);
    // All pairs: the density of x on the bridge between x0_i and x1_j.
    const a = x0.to("float64").unsqueeze(1);
    const b = x1.to("float64").unsqueeze(0);
    const middle = a.mul(1 - t).add(b.mul(t));
    const want = x.unbind().map((point) => {
      const away = point.sub(middle).square().sum(2);
      const weights = plan.mul(away.div(-2 * epsilon * t * (1 - t)).exp());
      const mean = weights.unsqueeze(2).mul(b).sum([0, 1]).div(weights.sum());
      return mean.sub(point).div(1 - t);
    });
    const rows = x.to("float32");
    for (const times of [oneTime(rows, t), full([5], t)]) {
      const got = model.forward(rows, times).to("float64").unbind();
      for (const [i, row] of got.entries()) expect(distance(row, want[i])).toBeLessThan(0.02);
    }
  });

  it("takes a representative part of too many rows, in alternating order too", () => {
    const n = 400;
    const most = 200;
    const kinds = arange(0, n).remainder(2).unsqueeze(1);
    const rows = (seed: number) => normal([n, 2], seed).mul(0.1).add(kinds.mul(10)).to("float32");
    for (const direction of ["f", "b"] as const) {
      const model = new PointBridge([2], direction);
      model.fit({ x0: rows(1), x1: rows(2) }, 1, { most });
      expect(model.points.shape).toEqual([most, 2]);
      // Around the centre of both kinds, which are 10 apart.
      expect(model.points.mean(0).abs().max().item()).toBeLessThan(2);
      expect(model.points.abs().mean().item()).toBeCloseTo(5, 0);
    }
  });
});

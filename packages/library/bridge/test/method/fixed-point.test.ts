// The theory of the paper with exact regressions by least squares on the method's tuples: the Schrödinger bridge is a
// fixed point. train/test/learns.test.ts: IPF and IMF reach it.
import { type Generator, randn, type Tensor, tensor } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { generatorOf, leastSquares, normal } from "../../../../../test/support/numbers.js";
import { oppositeDirection } from "../../src/core/direction.js";
import { uniformGrid } from "../../src/core/time-grid.js";
import { dsbm } from "../../src/method/dsbm.js";
import {
  discretisedMarginals,
  exactCovariance,
  exactDrift,
} from "../../src/metric/gaussian-bridge.js";
import { moments } from "../../src/metric/moments.js";
import { brownian } from "../../src/process/brownian.js";
import { eulerMaruyama } from "../../src/solver/euler-maruyama.js";
import { solverSteps } from "../../src/solver/solver.js";
import { exactField } from "../support.js";

const bridge = { a: 0.3, sigma: 1 };
const process = brownian(bridge);
const n = 4000;
const d = 5;
const golden = exactCovariance(bridge);
const noiseOf = (generator: Generator) => (x: Tensor) =>
  randn(x.shape, { generator, dtype: "float64" });

const ends = () => ({ x0: normal([n, d], 1).sub(bridge.a), x1: normal([n, d], 2).add(bridge.a) });

describe.each(["f", "b"] as const)("the exact bridge, run %s", (direction) => {
  it("keeps its coupling, and its regression gives its drift back in both directions", () => {
    const data = ends();
    const start = direction === "f" ? data.x0 : data.x1;
    const fine = uniformGrid(50);
    const end = eulerMaruyama(exactField(direction, bridge), start, {
      direction,
      grid: fine,
      sigma: 1,
      noise: noiseOf(generatorOf(3)),
    });
    const factor = solverSteps(direction, fine).reduce(
      (p, { time, dt }) => p * (1 + exactDrift(direction, bridge, time).slope * dt),
      1,
    );
    const got = moments(end, start);
    // Var of a sample covariance of standard normals: (1 + c²)/n.
    expect(Math.abs(got.cov - factor)).toBeLessThan(5 * Math.sqrt((1 + factor ** 2) / (n * d)));
    expect(factor).toBeCloseTo(golden, 1.7);
    const { var: v } = discretisedMarginals(direction, bridge, 50).at(-1) as { var: number };
    expect(Math.abs(got.var - v)).toBeLessThan(5 * v * Math.sqrt(2 / (n * d)));

    const rows = direction === "f" ? { x0: start, x1: end } : { x0: end, x1: start };
    for (const trained of [direction, oppositeDirection(direction)])
      for (const time of [0.1, 0.5, 0.9]) {
        const t = tensor(new Array(n).fill(time), { dtype: "float64" });
        const r = dsbm.regression(rows, {
          direction: trained,
          process,
          meanMatch: false,
          t,
          noise: noiseOf(generatorOf(4)),
        });
        const fit = leastSquares(r.x, r.target);
        const exact = exactDrift(trained, bridge, time);
        // Five standard errors, plus the bias of the 50 steps, which shows most near the end.
        const left = trained === "f" ? 1 - time : time;
        expect(Math.abs(fit.slope - exact.slope)).toBeLessThan(5 * fit.slopeError + 0.01 / left);
        expect(Math.abs(fit.shift - exact.shift)).toBeLessThan(5 * fit.shiftError + 0.01 / left);
      }
  });
});

// The theory of the paper with exact regressions: an affine drift at each grid time, fitted by
// least squares on the method's tuples. The Schrödinger bridge is a fixed point, and IPF and IMF
// reach it.
import { type Generator, randn, type Tensor, tensor, tidy } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { leastSquares, normal, seeded } from "../../../../../test/support/numbers.js";
import { mapBatch, type Pairs } from "../../src/core/batch.js";
import { type Direction, other } from "../../src/core/direction.js";
import { uniformGrid } from "../../src/core/time-grid.js";
import { dsbm } from "../../src/method/dsbm.js";
import { discretised, exactCovariance, exactDrift } from "../../src/metric/gaussian-bridge.js";
import { moments } from "../../src/metric/moments.js";
import { brownian } from "../../src/process/brownian.js";
import { eulerMaruyama } from "../../src/solver/euler-maruyama.js";
import { type Field, ordered } from "../../src/solver/solver.js";
import { exactField } from "../support.js";

const bridge = { a: 0.3, sigma: 1 };
const process = brownian(bridge);
const grid = uniformGrid(20);
const n = 4000;
const d = 5;
const golden = exactCovariance(bridge);
const noiseOf = (generator: Generator) => (x: Tensor) =>
  randn(x.shape, { generator, dtype: "float64" });

/** The affine field that solves the regression exactly at each of the sampler's times. */
function regress(direction: Direction, rows: Pairs, generator: Generator): Field {
  const fits = new Map<string, { slope: number; shift: number }>();
  for (const { time } of ordered(direction, grid))
    tidy(() => {
      const t = tensor(new Array(n).fill(time), { dtype: "float64" });
      const r = dsbm.regression(rows, {
        direction,
        process,
        t,
        meanMatch: false,
        noise: noiseOf(generator),
      });
      fits.set(time.toFixed(9), leastSquares(r.x, r.target));
    });
  return (x, t) => {
    const fit = fits.get(t.select(0, 0).item().toFixed(9));
    if (!fit) throw new Error("a time that is not on the grid");
    return x.mul(fit.slope).add(fit.shift);
  };
}

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
      noise: noiseOf(seeded(3)),
    });
    const factor = ordered(direction, fine).reduce(
      (p, { time, dt }) => p * (1 + exactDrift(direction, bridge, time).slope * dt),
      1,
    );
    const got = moments(end, start);
    // Var of a sample covariance of standard normals: (1 + c²)/n.
    expect(Math.abs(got.cov - factor)).toBeLessThan(5 * Math.sqrt((1 + factor ** 2) / (n * d)));
    expect(factor).toBeCloseTo(golden, 1.7);
    const { var: v } = discretised(direction, bridge, 50).at(-1) as { var: number };
    expect(Math.abs(got.var - v)).toBeLessThan(5 * v * Math.sqrt(2 / (n * d)));

    const rows = direction === "f" ? { x0: start, x1: end } : { x0: end, x1: start };
    for (const trained of [direction, other(direction)])
      for (const time of [0.1, 0.5, 0.9]) {
        const t = tensor(new Array(n).fill(time), { dtype: "float64" });
        const r = dsbm.regression(rows, {
          direction: trained,
          process,
          meanMatch: false,
          t,
          noise: noiseOf(seeded(4)),
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

describe.each(["ref", "ind"] as const)(
  "half-iterations from the first coupling `%s`",
  (firstCoupling) => {
    it("approach the bridge's covariance (√5 − 1)/2 and both data's moments", () => {
      const data = ends();
      const covariances: number[] = [];
      let newest: Direction | null = null;
      let field: Field = (x) => x;
      let last = { mean: 0, var: 0, cov: 0 };
      for (let half = 1; half <= 6; half++) {
        const direction: Direction = half % 2 ? "b" : "f";
        const run = (way: Direction, from: Tensor, seed: number) =>
          eulerMaruyama(field, from, {
            direction: way,
            grid,
            sigma: 1,
            noise: noiseOf(seeded(seed)),
          });
        const rows = dsbm.rows.make({
          direction,
          newest,
          data,
          process,
          firstCoupling,
          generator: seeded(half),
          simulate: (way, from) => run(way, from, 10 + half),
          simulateRuns: () => ({}),
        });
        field = regress(
          direction,
          mapBatch(rows, (r) => r.to("float64")),
          seeded(20 + half),
        );
        newest = direction;
        const from = direction === "f" ? data.x0 : data.x1;
        last = moments(run(direction, from, 30 + half), from);
        covariances.push(last.cov);
      }
      const error = covariances.map((c) => Math.abs(c - golden));
      // Errors of regressions and samples add up over two passes; the discretisation adds 0.01.
      const tolerance = 0.015 + 2 * 5 * Math.sqrt((1 + golden ** 2) / (n * d));
      expect(error[5]).toBeLessThan(tolerance);
      expect(error[4]).toBeLessThan(tolerance);
      expect(error[0]).toBeGreaterThan(2 * error[5]);
      expect(Math.abs(last.mean - bridge.a)).toBeLessThan(tolerance);
      expect(Math.abs(last.var - 1.0157)).toBeLessThan(tolerance + 0.02);
    });
  },
);

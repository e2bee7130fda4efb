// Steps with noise between the process's and a bridge's: for Gaussians the law after few steps is
// exact, and the share follows from the squared error of the drift.
import { noGrad, randn, tensor, tidy } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { generatorOf } from "../../../../../test/support/numbers.js";
import type { Direction } from "../../src/core/direction.js";
import { uniformGrid } from "../../src/core/time-grid.js";
import { dsbm } from "../../src/method/dsbm.js";
import {
  measureNoiseShare,
  noiseShareOf,
  shareAt,
  withNoiseShare,
} from "../../src/method/noise-share.js";
import { sample } from "../../src/method/sample.js";
import { exactCovariance, exactDrift, exactMarginal } from "../../src/metric/gaussian-bridge.js";
import { brownian } from "../../src/process/brownian.js";
import { exactField, FieldNetwork } from "../support.js";

const bridge = { a: 0.3, sigma: 1.1 };
const process = brownian(bridge);

/** The drift of the exact bridge, as a network. */
const exactNetwork = (direction: Direction) => new FieldNetwork(exactField(direction, bridge));

/** The slope of the expected end along the exact drift: E|end − its mean|²/(ε s). */
const exactShare = (direction: Direction, u: number) =>
  1 + (1 - u) * exactDrift(direction, bridge, direction === "f" ? u : 1 - u).slope;

const withExactShares = (direction: Direction) => {
  const network = withNoiseShare(exactNetwork(direction), "each");
  const shares = Array.from({ length: 17 }, (_, k) => exactShare(direction, k / 16));
  noGrad(() => tidy(() => noiseShareOf(network, direction)?.copy_(tensor(shares))));
  return network;
};

describe("analytic noise of steps", () => {
  it.each([
    { direction: "f", steps: 2 },
    { direction: "b", steps: 2 },
    { direction: "f", steps: 8 },
  ] as const)(
    "keeps the law of the exact bridge, $direction in $steps steps",
    ({ direction, steps }) => {
      const networks = { [direction]: withExactShares(direction) };
      const step = (only: number, x: number, z: number) =>
        tidy(() =>
          sample({ method: dsbm, process, networks, stepVariance: "analytic" }, tensor([[x]]), {
            direction,
            grid: uniformGrid(steps),
            only,
            noise: (like) => like.mul(0).add(z),
          }).item(),
        );
      let mean = direction === "f" ? -bridge.a : bridge.a;
      let variance = 1;
      let slopes = 1;
      for (let k = 0; k < steps; k++) {
        const shift = step(k, 0, 0);
        const slope = step(k, 1, 0) - shift;
        const spread = step(k, 0, 1) - shift;
        mean = slope * mean + shift;
        variance = slope ** 2 * variance + spread ** 2;
        slopes *= slope;
        const u = (k + 1) / steps;
        const want = exactMarginal(bridge, direction === "f" ? u : 1 - u);
        expect(mean).toBeCloseTo(want.mean, 5);
        expect(variance).toBeCloseTo(want.var, 5);
      }
      expect(slopes).toBeCloseTo(exactCovariance(bridge), 5);
    },
  );

  it.each(["f", "b"] as const)(
    "has the share that pairs of the exact bridge show, %s",
    (direction) => {
      const n = 40_000;
      const c = exactCovariance(bridge);
      const [z0, z1] = [1, 2].map((seed) => randn([n, 1], { generator: generatorOf(seed) }));
      const x0 = z0.sub(bridge.a);
      const x1 = z0
        .mul(c)
        .add(z1.mul(Math.sqrt(1 - c ** 2)))
        .add(bridge.a);
      const found = measureNoiseShare(
        exactField(direction, bridge),
        { x0, x1 },
        { direction, process, noise: (like) => randn(like.shape, { generator: generatorOf(3) }) },
      );
      for (const u of [0.25, 0.5, 0.9375]) {
        const want = exactShare(direction, u);
        // A mean of n squares of normals.
        expect(Math.abs(shareAt(found, u).item() / want - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
      }
    },
  );
});

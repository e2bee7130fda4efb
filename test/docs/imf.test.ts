// The player of docs/explain/bridge.md shows the Schrödinger bridge: its IMF ends at the coupling of Sinkhorn.
import { expect, it } from "vitest";
import {
  displacement,
  halfIteration,
  independent,
  type Point,
  schrodingerCoupling,
  squaredDistance,
  uniform,
} from "../../docs/.vitepress/theme/imf.js";

const points = (x: number, heights: readonly number[]) => heights.map((y): Point => [x, y]);
const source = points(0, [-1.4, -0.8, -0.2, 0.3, 0.9, 1.3]);
const target = points(2, [-1.5, -1.1, -0.9, 1, 1.2, 1.4]);

it.each([0.4, 1, 2])("with σ = %d", (sigma) => {
  let coupling = independent(6, 6);
  for (let k = 0; k < 4; k++) {
    const direction = k % 2 === 0 ? "backward" : "forward";
    const bridge = { sigma, steps: 16, count: 100, random: uniform(k + 1) };
    const result = halfIteration({ source, target, coupling }, direction, bridge);
    for (const path of result.paths)
      for (const [end, rows] of [
        [path[0], source],
        [path.at(-1), target],
      ] as const)
        expect(Math.min(...rows.map((p) => squaredDistance(p, end as Point)))).toBeLessThan(1e-20);
    coupling = result.coupling;
  }
  const exact = schrodingerCoupling(source, target, sigma);
  const cost = displacement(source, target, exact);
  expect(Math.abs(displacement(source, target, coupling) - cost)).toBeLessThan(0.03 * cost);
  const errors = exact.flatMap((row, i) => row.map((p, j) => Math.abs(p - coupling[i][j])));
  // The total variation of independent pairs is 0.6 at the least noise.
  expect(errors.reduce((a, b) => a + b, 0) / 2).toBeLessThan(0.1);
});

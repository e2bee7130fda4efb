// The path of a pair whose mass changes: endpoints, derivatives and action.
import { full, linspace, type Tensor, tensor } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { distance } from "../../../../../test/support/numbers.js";
import { growthPath } from "../../src/process/growth-path.js";

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

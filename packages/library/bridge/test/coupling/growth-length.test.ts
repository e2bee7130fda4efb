// The length that relates moving to growing, of data whose answer is known.
import { cat, linspace, type Tensor, zeros } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { normal } from "../../../../../test/support/numbers.js";
import { growthPlan } from "../../src/coupling/growth.js";
import { growthLength, neighbourDistance } from "../../src/coupling/growth-length.js";

describe("the distance of neighbours", () => {
  it("is the spacing of a line, and the root of the dimensions smaller in a space", () => {
    const line = linspace(0, 9, 10).unsqueeze(1);
    expect(neighbourDistance([line, line.mul(3).repeat([4, 1])])).toBeCloseTo(2, 6);
    expect(neighbourDistance([line.zerosLike()])).toBe(0);
    expect(neighbourDistance([cat([line, zeros([10, 3])], { dim: 1 })])).toBeCloseTo(0.5, 6);
  });
});

describe("the length of growth", () => {
  const cloud = (n: number, d: number, seed: number, at = 0) => normal([n, d], seed).add(at);
  it("lets mass grow instead of crossing the gap between clusters", () => {
    // Also in files that are sorted.
    const two = (first: number, seed: number) =>
      cat([cloud(first, 2, seed, 4), cloud(800 - first, 2, seed + 1, -4)]);
    const [x, y] = [two(200, 22), two(600, 24)];
    const length = growthLength([x, y], [1, 1]);
    expect(Math.PI * length).toBeLessThan(8);
    const { plan, left, joined } = growthPlan(x, y, {
      delta: length,
      logA: x.select(1, 0).zerosLike(),
      logB: y.select(1, 0).zerosLike(),
    });
    const isFirst = x.select(1, 0).gt(0).to("float64").unsqueeze(1);
    const mass = (of: Tensor) => plan.mul(of).mul(isFirst).sum().item();
    // From 1:3 to 3:1.
    expect(mass(joined.exp().unsqueeze(0)) / mass(left.exp().unsqueeze(1))).toBeCloseTo(3, 0.5);
  });

  it("is one for rows that do not move", () => {
    const x = cloud(50, 2, 20);
    expect(growthLength([x, x], [1, 2])).toBeGreaterThan(0);
    expect(growthLength([x.zerosLike(), x.zerosLike()], [1, 2])).toBe(1);
  });

  it("is 1.5 times a move that is longer than the distances", () => {
    const sets = [0, 20, 20].map((at, k) =>
      cloud(400, 2, 26 + k)
        .mul(0.1)
        .add(at),
    );
    expect(growthLength(sets, [1, 2, 3]) / (1.5 * Math.hypot(20, 20))).toBeCloseTo(1, 1);
  });
});

// The length that relates moving to growing, of data whose answer is known.
import { cat, randperm, type Tensor } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { normal, seeded } from "../../../../../test/support/numbers.js";
import { growthLength } from "../../src/coupling/growth-length.js";

describe("the length of growth", () => {
  const cloud = (n: number, d: number, seed: number, at = 0) => normal([n, d], seed).add(at);
  const half = (x: Tensor, y: Tensor) => {
    const distances = x.cdist(y).flatten().toNumbers();
    distances.sort((a, b) => a - b);
    return (distances[Math.floor(0.9 * distances.length)] as number) / 2;
  };

  it.each([
    { what: "many dimensions without a move", d: 200, at: 0 },
    { what: "a short move", d: 2, at: 0.3 },
  ])("is half of the 0.9 quantile of distances: $what", ({ d, at }) => {
    const [x, y] = [cloud(400, d, 20), cloud(400, d, 21, at)];
    expect(growthLength([x, y], [1, 1]) / half(x, y)).toBeCloseTo(1, 1);
  });

  it("is that too where clusters change their masses", () => {
    const two = (first: number, seed: number) => {
      const order = randperm(400, { generator: seeded(seed) });
      const rows = cat([cloud(first, 2, seed, 10), cloud(400 - first, 2, seed + 1, -10)]);
      return rows.indexSelect(0, order);
    };
    const [x, y] = [two(100, 22), two(300, 24)];
    expect(growthLength([x, y], [1, 1]) / half(x, y)).toBeCloseTo(1, 1);
  });

  it("is 1.5 times a move that is long beside the distances", () => {
    const sets = [0, 20, 20].map((at, k) =>
      cloud(400, 2, 26 + k)
        .mul(0.1)
        .add(at),
    );
    expect(growthLength(sets, [1, 2, 3]) / (1.5 * Math.hypot(20, 20))).toBeCloseTo(1, 1);
  });
});

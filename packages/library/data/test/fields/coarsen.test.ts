import { blockMeans, coarseBlock, coarseSize, repeatBlocks } from "@dsbm/data";
import { describe, expect, it } from "vitest";

const nan = Number.NaN;

describe("the mean of blocks", () => {
  it("is taken over cells with values, also in smaller blocks at the edges", () => {
    const planes = Float32Array.of(1, 3, 5, 5, 7, nan, 10, 20, nan);
    expect(coarseSize([3, 3], 2)).toEqual([2, 2]);
    expect([...blockMeans(planes, [3, 3], 2)]).toEqual([4, 5, 15, nan]);
  });

  it("is conserved by repeated cells, which have themselves as means", () => {
    const planes = Float32Array.from({ length: 2 * 4 * 6 }, (_, i) => (i * 7) % 11);
    const coarse = blockMeans(planes, [4, 6], 2);
    const repeated = repeatBlocks(coarse, [4, 6], 2);
    expect(blockMeans(repeated, [4, 6], 2)).toEqual(coarse);
    const sum = (values: Float32Array) => values.reduce((a, b) => a + b, 0);
    expect(sum(repeated)).toBeCloseTo(sum(planes), 4);
    expect(repeated.slice(0, 2)).toEqual(repeated.slice(6, 8));
  });

  it("has its block in data.coarsen", () => {
    expect([null, "mean:4", "mean:16"].map(coarseBlock)).toEqual([1, 4, 16]);
  });
});

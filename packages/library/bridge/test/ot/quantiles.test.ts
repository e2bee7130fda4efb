import { quantileMapping } from "@dsbm/bridge";
import { Generator, randn, setNumThreads, tensor, tidy } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";

beforeAll(() => setNumThreads(1));

const column = (values: number[]) =>
  tensor(Float64Array.from(values), { shape: [values.length, 1] });
const mapColumn = (x: number[], from: number[], to: number[]) =>
  tidy(() =>
    Array.from(quantileMapping(column(x), column(from), column(to)).flatten().toNumbers()),
  );

describe("quantile mapping", () => {
  it("of a shifted and scaled distribution is its shift and scale", () => {
    tidy(() => {
      const from = randn([500, 2], { generator: Generator.create(3), dtype: "float64" });
      const to = from.mul(2).add(5);
      const x = randn([200, 2], { generator: Generator.create(4), dtype: "float64" }).mul(0.5);
      expect(quantileMapping(x, from, to).sub(x.mul(2).add(5)).abs().max().item()).toBeLessThan(
        1e-9,
      );
    });
  });

  it("is linear between ranks, and a shift beyond the ends", () => {
    expect(mapColumn([-1, 0.5, 1.5, 9], [0, 1, 2], [10, 20, 40])).toEqual([9, 15, 30, 47]);
    expect(mapColumn([0, 4], [0, 1, 2, 3, 4], [7, 9])).toEqual([7, 9]);
  });

  it("gives tied values the value of their middle rank, so that dry days stay dry", () => {
    expect(mapColumn([0, 4], [0, 0, 0, 2, 4], [0, 0, 1, 5, 6])).toEqual([0, 6]);
    expect(mapColumn([0, 2], [0, 0, 0, 2, 4], [0, 3, 4, 5, 6])).toEqual([3, 5]);
  });
});

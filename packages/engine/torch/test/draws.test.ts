// Times and noise that come in pairs, drawn by kernels of our own.
import { describe, expect, it } from "vitest";
import * as T from "../src/index.js";

describe("draws in pairs", () => {
  const seeded = () => T.Generator.create(3);
  it("strata have PyTorch's uniform numbers, bit for bit", () => {
    for (const n of [1, 8, 33]) {
      const half = Math.ceil(n / 2);
      const t = T.strata(n, 0.01, seeded());
      const drawn = T.arange(0, half, { dtype: "float32" }).add(
        T.rand([half], { generator: seeded() }),
      );
      const plain = drawn
        .mul(0.98 / half)
        .add(0.01)
        .toArray();
      expect(t.toArray()).toEqual(T.tensor([...plain, ...plain].slice(0, n)).toArray());
    }
  });
  it("noise is randn() for half of the rows, and its negatives", () => {
    for (const n of [1, 8, 33]) {
      const half = Math.ceil(n / 2);
      const z = T.noisePairs([n, 7], { generator: seeded() });
      const first = T.randn([half, 7], { generator: seeded() });
      expect(z.toArray()).toEqual(T.cat([first, first.narrow(0, 0, n - half).neg()]).toArray());
    }
    expect(T.noisePairs([3, 2], { dtype: "float64" }).select(0, 0).add(0).dtype).toBe("float64");
    expect(() => T.noisePairs([])).toThrow("no dimensions");
  });
});

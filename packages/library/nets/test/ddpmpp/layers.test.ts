// The pieces of DDPM++ networks: filtered resampling against a direct computation, and initial weights.
import * as T from "@dsbm/torch";
import { type Tensor, tensor } from "@dsbm/torch";
import { beforeAll, describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { distance, normal, seeded } from "../../../../../test/support/numbers.js";
import { NIN } from "../../src/ddpmpp/layers.js";
import { ResBlock } from "../../src/ddpmpp/res-block.js";
import { Fir } from "../../src/ddpmpp/resample.js";

beforeAll(() => T.setNumThreads(1));

const fir64 = (taps: readonly number[]) => new Fir(taps).to({ dtype: "float64" });

/** upfirdn by its definition: zeros put between the pixels, borders padded, convolved, every `down`-th pixel kept. */
function upfirdn(
  x: Tensor,
  taps: readonly number[],
  {
    up = 1,
    down = 1,
    before,
    after,
  }: { up?: number; down?: number; before: number; after: number },
): Tensor {
  const [n, c, height, width] = x.shape;
  const values = x.toNumbers();
  const total = taps.reduce((a, b) => a + b, 0);
  const k = taps.map((tap) => (tap / total) * up);
  const size = (length: number) => length * up + before + after - taps.length + 1;
  const [h, w] = [height, width].map((s) => Math.ceil(size(s) / down));
  const at = (plane: number, i: number, j: number) => {
    const row = (i - before) / up;
    const col = (j - before) / up;
    const inside = row >= 0 && row < height && col >= 0 && col < width;
    if (!inside || !Number.isInteger(row) || !Number.isInteger(col)) return 0;
    return values[(plane * height + row) * width + col];
  };
  const out: number[] = [];
  for (let plane = 0; plane < n * c; plane++)
    for (let i = 0; i < h; i++)
      for (let j = 0; j < w; j++) {
        let sum = 0;
        for (let a = 0; a < k.length; a++)
          for (let b = 0; b < k.length; b++)
            sum +=
              k[k.length - 1 - a] * k[k.length - 1 - b] * at(plane, i * down + a, j * down + b);
        out.push(sum);
      }
  return tensor(out, { shape: [n, c, h, w], dtype: "float64" });
}

const filters = [
  [1, 3, 3, 1],
  [1, 1],
  [1, 2, 1],
  [1, 4, 6, 4, 1],
  [1, 2, 3, 4],
  [1, 2, 0.5, 4, 1, 3],
];

describe("a filter", () => {
  it.each(filters.map((taps) => [taps]))("%j resamples as its definition says", (taps) => {
    using fir = fir64(taps);
    const x = normal([2, 3, 6, 8], 1);
    const p = taps.length - 2;
    const before = Math.floor((p + 1) / 2);
    const after = Math.floor(p / 2);
    const down = upfirdn(x, taps, { down: 2, before, after });
    expect(down.shape).toEqual([2, 3, 3, 4]);
    expect(distance(fir.halved(x), down)).toBeLessThan(1e-6);
    const up = upfirdn(x, taps, { up: 2, before: before + 1, after });
    expect(up.shape).toEqual([2, 3, 12, 16]);
    expect(distance(fir.doubled(x), up)).toBeLessThan(1e-6);
  });
});

describe("blocks", () => {
  it("start with uniform weights of the published variance, and with next to nothing at the end of a branch", () => {
    const options = {
      embedding: 64,
      dropout: 0,
      skip_rescale: true,
      fir: null,
    };
    using block = new ResBlock(64, 32, {
      ...options,
      resblock_type: "biggan",
      init_scale: 0,
      generator: seeded(1),
    });
    const variance = (p: Tensor) => p.square().mean().item();
    // Mean of fan-in and fan-out: 9·(64 + 32)/2; the standard error of a uniform's variance is √(0.8/n).
    const want = 1 / (9 * 48);
    const error = want * Math.sqrt(0.8 / block.Conv_0.weight.numel);
    expect(Math.abs(variance(block.Conv_0.weight) - want)).toBeLessThan(5 * error);
    expect(block.Conv_0.weight.abs().amax().item()).toBeLessThanOrEqual(Math.sqrt(3 * want));
    expect(variance(block.Conv_1.weight) / (1e-10 / (9 * 32))).toBeCloseTo(1, 1);
    for (const layer of [block.Conv_0, block.Conv_1, block.Dense_0])
      expect(layer?.bias?.abs().amax().item()).toBe(0);
    using nin = new NIN(32, 32, { generator: seeded(2) });
    expect(variance(nin.W) / (0.1 / 32)).toBeCloseTo(1, 0);
  });
});

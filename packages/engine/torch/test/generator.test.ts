// Generators: streams of their own, saved and restored.
import { describe, expect, it } from "vitest";
import * as T from "../src/index.js";

T.setNumThreads(1);
const draw = (generator: T.Generator) => T.randn([7], { generator }).toNumbers();

it("gives PyTorch's numbers for its seed, apart from the default generator", () => {
  T.manualSeed(3);
  const expected = T.rand([2]).toNumbers();
  T.manualSeed(3);
  const g = T.Generator.create(7);
  expect(T.randn([4], { generator: g }).toNumbers()).toEqual([
    -0.1467950940132141, 0.7861412763595581, 0.9468216300010681, -1.1143440008163452,
  ]);
  expect(T.rand([2], { generator: g }).toNumbers()).toEqual([
    0.36531615257263184, 0.8512683510780334,
  ]);
  expect(T.rand([2]).toNumbers()).toEqual(expected);
});

it("restores a saved state in the middle of a stream, in another generator too", () => {
  const g = T.Generator.create(11);
  draw(g); // an odd count leaves a normal number waiting in the state
  const state = g.getState();
  const next = draw(g);
  expect(draw(g)).not.toEqual(next);
  expect(draw(g.setState(state))).toEqual(next);
  expect(draw(T.Generator.create(0).setState(state))).toEqual(next);
});

it("refuses bad states and seeds, and stays unchanged", () => {
  const g = T.Generator.create(1);
  const before = g.getState();
  expect(() => g.setState(new Uint8Array(10))).toThrow(T.TorchError);
  expect(() => g.setState(before.slice(1))).toThrow(T.TorchError);
  expect(() => g.setState(new Uint8Array(before.length).fill(255))).toThrow(T.TorchError);
  expect(g.getState()).toEqual(before);
  for (const seed of [-1, 0.5, Number.NaN, 2 ** 60, "1" as never])
    expect(() => g.manualSeed(seed)).toThrow(T.TorchError);
  expect(() => T.Generator.create(1, "meta")).toThrow(/meta/);
  expect(() => T.Generator.create(1, "cuda:99")).toThrow(T.TorchError);
});

describe("noise", () => {
  const n = 1_000_003;
  it("is standard normal, in every place, within four standard errors", () => {
    const x = T.noise([n], { generator: T.Generator.create(1) });
    const moment = (k: number) => x.to("float64").pow(k).mean().item();
    for (const [k, expected, variance] of [
      [1, 0, 1],
      [2, 1, 2],
      [3, 0, 15],
      [4, 3, 96],
    ])
      expect(Math.abs(moment(k) - expected)).toBeLessThan(4 * Math.sqrt(variance / n));
    for (const [beyond, share] of [
      [1, 0.3173105],
      [3, 0.0026998],
      [4, 0.00006334],
    ]) {
      const found = x.abs().gt(beyond).to("float64").mean().item();
      expect(Math.abs(found - share)).toBeLessThan(4 * Math.sqrt(share / n));
    }
    // Numbers of one block from the same bits, and numbers of neighbouring blocks, are independent.
    for (const lag of [1, 64, 128, 256]) {
      const product = x.slice({ start: lag }).mul(x.slice({ end: n - lag }));
      expect(Math.abs(product.mean().item())).toBeLessThan(4 / Math.sqrt(n - lag));
      expect(Math.abs(product.square().mean().item() - 1)).toBeLessThan(4 * Math.sqrt(8 / n));
    }
  });
  it("takes one draw of the generator, whose state says what comes next", () => {
    const g = T.Generator.create(2);
    const state = g.getState();
    const first = T.noise([300], { generator: g }).toNumbers();
    expect(T.noise([300], { generator: g }).toNumbers()).not.toEqual(first);
    g.setState(state);
    expect(T.noise([7], { generator: g }).toNumbers()).toEqual(first.slice(0, 7));
    expect(T.noise([0, 3]).shape).toEqual([0, 3]);
  });
});

it("pairs of noise take any dtype and refuse a tensor without rows", () => {
  expect(T.noisePairs([3, 2], { dtype: "float64" }).select(0, 0).add(0).dtype).toBe("float64");
  expect(() => T.noisePairs([])).toThrow("no dimensions");
});

// The isotropic spectrum against closed forms: single waves, white noise, Parseval; and the error by bands.
import {
  arange,
  cat,
  liveTensors,
  randn,
  setNumThreads,
  type Tensor,
  tensor,
  tidy,
} from "@dsbm/torch";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { expectClose } from "../../../../../test/support/close.js";
import { collectGarbage } from "../../../../../test/support/collect.js";
import { seeded } from "../../../../../test/support/numbers.js";
import { bandError, fourierModes, isotropicSpectrum, octaves } from "../../src/metric/spectrum.js";

// Live tensors are counted.
beforeEach(collectGarbage);

beforeAll(() => setNumThreads(1));

const sum = (values: readonly number[]) => values.reduce((p, q) => p + q, 0);

/** amplitude · cos(2π (u y/H + v x/W) + phase) as [1, 1, H, W] in float64. */
function wave(
  [height, width]: [number, number],
  [u, v]: [number, number],
  { amplitude = 1, phase = 0 } = {},
): Tensor {
  return tidy(() => {
    const axis = (n: number) => arange(0, n, { dtype: "float64" }).mul((2 * Math.PI) / n);
    const [y, x] = [axis(height).mul(u).view([height, 1]), axis(width).mul(v).view([1, width])];
    return y.add(x).add(phase).cos().mul(amplitude).view([1, 1, height, width]);
  });
}

describe("isotropicSpectrum", () => {
  it.each<[[number, number], [number, number], number]>([
    [[16, 16], [3, 0], 3],
    [[16, 16], [0, 3], 3],
    [[16, 16], [3, 4], 5],
    [[16, 16], [-3, 4], 5],
    [[16, 16], [2, 2], 3],
    [[15, 15], [5, 5], 7],
    // Waves across the longer side: one of 8 across 8 points is four across 32.
    [[8, 32], [1, 0], 4],
    [[8, 32], [0, 7], 7],
  ])("a wave on %j with the numbers %j has its energy at k = %d", (shape, numbers, k) => {
    const { energy, k: ks } = isotropicSpectrum(wave(shape, numbers, { amplitude: 2, phase: 0.4 }));
    // The variance of 2 cos is 2.
    const want = ks.map((one) => (one === k ? 2 : 0));
    expectClose(energy[0]!, want, 12);
  });

  it("a wave at the limit of the grid, and a constant, which has none", () => {
    const { energy } = isotropicSpectrum(wave([8, 8], [4, 0]));
    // (−1)^y: variance 1.
    expect(energy[0]![3]).toBeCloseTo(1, 12);
    expect(sum(energy[0]!)).toBeCloseTo(1, 12);
    const constant = isotropicSpectrum(wave([8, 8], [0, 0]).add(7));
    expect(sum(constant.energy[0]!)).toBeLessThan(1e-20);
    expect(constant.k).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("adds up to the variance of each field around its mean, averaged (Parseval)", () => {
    for (const [height, width] of [
      [12, 12],
      [9, 16],
      [16, 7],
      [1, 10],
    ] as const) {
      const x = tidy(() => {
        const noise = randn([5, 3, height, width], { generator: seeded(8), dtype: "float64" });
        return noise.add(randn([5, 3, 1, 1], { generator: seeded(9), dtype: "float64" }));
      });
      const variance = tidy(() =>
        x
          .var({ dim: [2, 3], correction: 0 })
          .mean(0)
          .toNumbers(),
      );
      expectClose(isotropicSpectrum(x, { batchSize: 2 }).energy.map(sum), variance, 12);
    }
  });

  it("white noise has as much energy as an annulus has modes", () => {
    const [n, size] = [400, 16];
    const x = randn([n, 1, size, size], { generator: seeded(2) });
    const { k, weight } = fourierModes(size, size);
    const modes = new Map<number, number>();
    k.forEach((value, m) => {
      modes.set(Math.round(value), (modes.get(Math.round(value)) ?? 0) + weight[m]!);
    });
    expect(sum([...modes.values()])).toBe(size * size);
    expect([modes.get(0), modes.get(1), modes.get(2)]).toEqual([1, 8, 12]);
    const { energy, k: ks } = isotropicSpectrum(x);
    ks.forEach((value, i) => {
      const expected = modes.get(value)! / size ** 2;
      // Modes come in pairs: an annulus of m averages m n / 2 exponentials of the same mean.
      const error = 5 * expected * Math.sqrt(2 / (n * modes.get(value)!));
      expect(Math.abs(energy[0]![i]! - expected)).toBeLessThan(error);
    });
  });

  it("keeps channels apart, counts bytes as −1 … 1, and does not depend on batches", () => {
    const a = wave([8, 8], [1, 0]);
    const b = wave([8, 8], [0, 3], { amplitude: 0.5 });
    const both = isotropicSpectrum(cat([a, b], { dim: 1 }));
    expect(both.energy.map((energy) => energy.map((e) => Number(e.toFixed(10))))).toEqual([
      [0.5, 0, 0, 0, 0, 0],
      [0, 0, 0.125, 0, 0, 0],
    ]);
    const bytes = tensor(Uint8Array.of(0, 255, 0, 255), { shape: [1, 1, 2, 2] });
    expect(isotropicSpectrum(bytes).energy[0]!.map((e) => Number(e.toFixed(6)))).toEqual([1]);
    const x = randn([7, 2, 8, 8], { generator: seeded(4) });
    const [one, three] = [1, 3].map((batchSize) => isotropicSpectrum(x, { batchSize }));
    expectClose(one!.energy.flat(), three!.energy.flat(), 12);
  });

  it("refuses what has no spectrum, and keeps nothing alive", () => {
    const before = liveTensors();
    tidy(() => {
      isotropicSpectrum(randn([3, 1, 8, 8]));
      for (const shape of [
        [3, 8, 8],
        [0, 1, 8, 8],
        [2, 0, 8, 8],
      ])
        expect(() => isotropicSpectrum(randn(shape))).toThrow(`a spectrum of [${shape}]; expected`);
      expect(() => isotropicSpectrum(randn([2, 1, 4, 4]).div(0))).toThrow(/NaN or infinite/);
    });
    expect(liveTensors()).toBe(before);
  });
});

describe("bandError", () => {
  const of = (...energy: number[][]) => ({ k: energy[0]!.map((_, i) => i + 1), energy });

  it("is relative to the band, and excess does not make up for lack", () => {
    const target = of([4, 2, 2, 1]);
    expect(
      bandError(of([5, 3, 1, 0]), target, [
        [1, 1],
        [2, 3],
        [4, 4],
        [1, 4],
      ]),
    ).toEqual([[0.25, 0.5, 1, 4 / 9]]);
    expect(bandError(target, target)).toEqual([[0, 0, 0]]);
  });

  it("has a row a channel, octaves by default, and says where only the target has none", () => {
    expect(octaves(7)).toEqual([
      [1, 1],
      [2, 3],
      [4, 7],
    ]);
    expect(octaves(45).at(-1)).toEqual([32, 45]);
    expect(bandError(of([1, 1], [2, 0]), of([2, 1], [2, 0]))).toEqual([
      [0.5, 0],
      [0, 0],
    ]);
    expect(bandError(of([1, 1]), of([1, 0]))).toEqual([[0, Number.POSITIVE_INFINITY]]);
  });

  it("refuses spectra and bands that do not belong together", () => {
    expect(() => bandError(of([1, 1]), of([1, 1], [1, 1]))).toThrow(
      "a spectrum of 1 channels and 2 wavenumbers beside one of 2 channels and 2 wavenumbers",
    );
    expect(() => bandError(of([1]), of([1, 1]))).toThrow(/expected fields of one shape/);
    for (const band of [
      [3, 9],
      [2, 1],
    ] as const)
      expect(() => bandError(of([1, 1]), of([1, 1]), [band])).toThrow(
        `the band ${band[0]}–${band[1]}; expected wavenumbers among 1 … 2`,
      );
  });
});

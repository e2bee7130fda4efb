// The isotropic spectrum against closed forms: single waves, white noise, Parseval; and the error by bands.
import { arange, randn, setNumThreads, tidy } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { expectClose } from "../../../../../test/support/close.js";
import { generatorOf, sum } from "../../../../../test/support/numbers.js";
import { bandError, isotropicSpectrum } from "../../src/metric/spectrum.js";

beforeAll(() => setNumThreads(1));

/** amplitude · cos(2π (u y/H + v x/W) + phase) as [1, 1, H, W] in float64. */
function wave(
  [height, width]: [number, number],
  [u, v]: [number, number],
  { amplitude = 1, phase = 0 } = {},
) {
  return tidy(() => {
    const axis = (n: number) => arange(0, n, { dtype: "float64" }).mul((2 * Math.PI) / n);
    const y = axis(height).mul(u).view([height, 1]);
    const x = axis(width).mul(v).view([1, width]);
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
    expectClose(energy[0], want, 12);
  });

  it("adds up to the variance of each field around its mean, averaged (Parseval)", () => {
    for (const [height, width] of [
      [12, 12],
      [9, 16],
      [16, 7],
      [1, 10],
    ]) {
      const x = tidy(() => {
        const noise = randn([70, 3, height, width], {
          generator: generatorOf(8),
          dtype: "float64",
        });
        return noise.add(randn([70, 3, 1, 1], { generator: generatorOf(9), dtype: "float64" }));
      });
      const variance = tidy(() =>
        x
          .var({ dim: [2, 3], correction: 0 })
          .mean(0)
          .toNumbers(),
      );
      expectClose(isotropicSpectrum(x).energy.map(sum), variance, 12);
    }
  });
});

describe("bandError", () => {
  const of = (...energy: number[][]) => ({ k: energy[0].map((_, i) => i + 1), energy });

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
});

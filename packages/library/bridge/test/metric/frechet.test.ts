// The Fréchet distance against closed forms, and against the eigenvalues of the product in 60 digits.
import { setNumThreads, type Tensor, tensor, zeros } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { normal } from "../../../../../test/support/numbers.js";
import { factoredGaussianOf, gaussianOf } from "../../src/metric/feature-statistics.js";
import { frechetDistance, type Gaussian, withFactor } from "../../src/metric/frechet.js";
import { loadStatistics } from "../../src/metric/statistics-file.js";

beforeAll(() => setNumThreads(1));

const float64 = { dtype: "float64" } as const;
const diagonal = (values: number[]) => tensor(values, float64).diagEmbed();
const centredGaussian = (covariance: Tensor): Gaussian => ({
  mean: zeros([covariance.size(0)], float64),
  covariance,
});
/** A random rotation of d dimensions. */
const rotation = (d: number, seed: number) => normal([d, d], seed).linalgQr()[0];
const fixture = (name: string) =>
  loadStatistics(new URL(`fixtures/${name}.npz`, import.meta.url).pathname);

describe("frechetDistance", () => {
  it("is Σ (√λ − √μ)² for covariances that commute, zeros among the eigenvalues included", () => {
    const a = [4, 1, 0.25, 0, 9];
    const b = [1, 1, 4, 2.25, 0];
    const expected = a.reduce((sum, x, i) => sum + (Math.sqrt(x) - Math.sqrt(b[i])) ** 2, 0);
    const turn = rotation(5, 5);
    const turned = (values: number[]) => centredGaussian(turn.mm(diagonal(values)).mm(turn.t()));
    expect(frechetDistance(centredGaussian(diagonal(a)), centredGaussian(diagonal(b)))).toBeCloseTo(
      expected,
      12,
    );
    expect(frechetDistance(turned(a), turned(b))).toBeCloseTo(expected, 11);
  });

  it("agrees with 60 digits, is symmetric, and blind to rotations", () => {
    const [full, compressed, deficient] = ["full", "compressed", "deficient"].map(fixture);
    const pairs: [Gaussian, Gaussian, number][] = [
      [full, compressed, 135.510521970057],
      [full, deficient, 151.303383337611],
    ];
    const turn = rotation(12, 8);
    const turned = ({ mean, covariance }: Gaussian) => ({
      mean: turn.mv(mean),
      covariance: turn.mm(covariance).mm(turn.t()),
    });
    for (const [a, b, expected] of pairs) {
      expect(Math.abs(frechetDistance(a, b) - expected)).toBeLessThan(1e-11);
      expect(Math.abs(frechetDistance(b, a) - expected)).toBeLessThan(1e-11);
      expect(Math.abs(frechetDistance(turned(a), turned(b)) - expected)).toBeLessThan(1e-10);
    }
  });

  it("is the same by factors of the covariances, which few points have without eigenvectors", () => {
    const [x, y] = [normal([7, 20], 1), normal([40, 20], 2).add(1)];
    const distance = frechetDistance(gaussianOf(x), gaussianOf(y));
    expect(frechetDistance(factoredGaussianOf(x), withFactor(gaussianOf(y)))).toBeCloseTo(
      distance,
      10,
    );
  });

  it("keeps the digits of a steep spectrum", () => {
    const d = 60;
    const turn = rotation(d, 9);
    const steep = Array.from({ length: d }, (_, i) => 10 ** (-i / 5));
    const g = centredGaussian(turn.mul(tensor(steep, float64)).mm(turn.t()));
    const even = { ...g, covariance: g.covariance.add(g.covariance.t()).div(2) };
    expect(frechetDistance(even, even)).toBeLessThan(1e-12);
  });
});

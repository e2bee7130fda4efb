// What the theory tests share: seeded numbers, and tolerances computed from sample sizes.
import { Generator, randn, randperm, type Tensor, tidy } from "@dsbm/torch";
import { expect } from "vitest";

export const generatorOf = (seed: number): Generator => Generator.create(seed);

/** Standard normal float64 numbers of a seed. */
export const normal = (shape: number[], seed: number): Tensor =>
  randn(shape, { generator: generatorOf(seed), dtype: "float64" });

export interface Summary {
  n: number;
  mean: number;
  var: number;
}

/** Count, mean and unbiased variance of all elements. */
export function summary(x: Tensor): Summary {
  return tidy(() => {
    const all = x.to("float64").flatten();
    const centred = all.sub(all.mean());
    const n = all.numel;
    return { n, mean: all.mean().item(), var: centred.square().sum().item() / (n - 1) };
  });
}

/** Expects Gaussian samples to have a mean and a variance, each within five of its standard errors. */
export function expectMoments(x: Tensor, want: { mean: number; var: number }): void {
  const got = summary(x);
  expect(Math.abs(got.mean - want.mean)).toBeLessThan(5 * Math.sqrt(want.var / got.n));
  expect(Math.abs(got.var - want.var)).toBeLessThan(5 * want.var * Math.sqrt(2 / (got.n - 1)));
}

/** Largest absolute difference of two tensors. */
export const distance = (a: Tensor, b: Tensor): number =>
  tidy(() => a.sub(b).abs().flatten().amax().item());

/** y ≈ slope·x + shift by least squares over all elements, with the slope's and the fit's standard errors. */
export function leastSquares(x: Tensor, y: Tensor) {
  return tidy(() => {
    const [u, v] = [x.to("float64").flatten(), y.to("float64").flatten()];
    const [mx, my] = [u.mean().item(), v.mean().item()];
    const du = u.sub(mx);
    const sxx = du.square().sum().item();
    const slope = du.mul(v.sub(my)).sum().item() / sxx;
    const shift = my - slope * mx;
    const noise = v.sub(u.mul(slope)).sub(shift).square().mean().item();
    return {
      slope,
      shift,
      slopeError: Math.sqrt(noise / sxx),
      shiftError: Math.sqrt(noise / u.numel + (noise * mx ** 2) / sxx),
    };
  });
}

export const sum = (values: readonly number[]): number => values.reduce((p, q) => p + q, 0);

export const shuffledRows = (x: Tensor): Tensor =>
  x.indexSelect(0, randperm(x.size(0), { generator: generatorOf(9) }));

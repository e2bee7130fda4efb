// The energy score, and steps along bridges to drawn endpoints.
import { randn, type Tensor, tensor } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { generatorOf } from "../../../../../test/support/numbers.js";
import {
  asColumn,
  brownian,
  energyScore,
  type Field,
  few_steps,
  uniformGrid,
} from "../../src/index.js";

const n = 20_000;
const normal = (seed: number, shape: number[]) =>
  randn(shape, { generator: generatorOf(seed), dtype: "float64" });

/** The energy score of N(m, s²) for an observation of N(0, 1): E|X − Y| − ½ E|X − X′|, since E|Z| = √(2/π). */
function normalScore(m: number, s: number): number {
  const deviation = Math.hypot(1, s);
  const z = m / deviation;
  const density = Math.exp(-(z ** 2) / 2) * Math.sqrt(2 / Math.PI);
  return deviation * (density + z * erf(z / Math.SQRT2)) - s / Math.sqrt(Math.PI);
}

/** Abramowitz and Stegun 7.1.26, to 1e-6. */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const terms = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];
  const sum = terms.reduce((all, one) => (all + one) * t, 0);
  return Math.sign(x) * (1 - sum * Math.exp(-(x ** 2)));
}

describe("the energy score", () => {
  it.each([
    [0, 1],
    [1, 1],
    [0, 0.5],
    [0, 2],
  ])("of draws of N(%d, %d²) for a standard normal has its closed form", (m, s) => {
    const draws = normal(1, [4, n, 1]).mul(s).add(m);
    const score = energyScore(draws, normal(2, [n, 1])).item();
    expect(Math.abs(score - normalScore(m, s))).toBeLessThan(0.03);
    if (m !== 0 || s !== 1) expect(score).toBeGreaterThan(normalScore(0, 1) + 0.01);
  });

  it("has a finite gradient where draws coincide", () => {
    const twice = [
      [[1], [2]],
      [[1], [2]],
    ];
    const draws = tensor(twice, { dtype: "float32" }).requiresGrad_();
    energyScore(draws, tensor([[0], [0]], { dtype: "float32" })).backward();
    expect(draws.grad?.isfinite().all().item()).toBe(true);
  });
});

describe("few steps with the exact law of the endpoint", () => {
  const sigma = 0.8;
  const process = brownian({ sigma });
  // Pairs of covariance c: X0 ~ N(0, 1), X1 = c X0 + √(1 − c²) Z, with the c of the Schrödinger bridge, which is Markov.
  const c = Math.sqrt(1 + sigma ** 4 / 4) - sigma ** 2 / 2;
  /** Draws x1 given x_t, which is Gaussian: of the state and noise side by side. */
  const generator: Field = (states, t) => {
    const [x, z] = states.chunk(2, { dim: 1 }) as [Tensor, Tensor];
    const s = asColumn(t, x);
    const r = s.rsub(1);
    const variance = r
      .square()
      .add(s.square())
      .add(s.mul(r).mul(2 * c + sigma ** 2));
    const slope = r.mul(c).add(s).div(variance);
    const left = slope.mul(r.mul(c).add(s)).rsub(1);
    return x.mul(slope).add(z.mul(left.sqrt()));
  };

  it.each([1, 2, 4])("have the exact covariance of pairs in %i steps", (k) => {
    const x = normal(3, [n, 1]);
    const stream = generatorOf(4);
    const noise = (like: Tensor) => randn(like.shape, { generator: stream, dtype: "float64" });
    const options = { direction: "f", grid: uniformGrid(k), noise, process } as const;
    const end = few_steps().sampler(generator, x, options);
    expect(Math.abs(end.mul(x).mean().item() - c)).toBeLessThan(0.03);
    expect(Math.abs(end.square().mean().item() - 1)).toBeLessThan(0.04);
  });

  it("gives the state of every step, and ends at the drawn endpoint", () => {
    const states: Tensor[] = [];
    const end = few_steps().sampler(generator, normal(5, [10, 1]), {
      ...{ direction: "b", grid: uniformGrid(2), process },
      callback: (state) => states.push(state),
    });
    expect(states).toHaveLength(3);
    expect(states.at(-1)?.toNumbers()).toEqual(end.toNumbers());
  });
});

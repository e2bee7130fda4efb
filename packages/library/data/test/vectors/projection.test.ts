// Principal components against what defines them: orthonormal, uncorrelated, optimal, and one scale for all.
import { eye, Generator, randn, type Tensor, tensor, zeros } from "@dsbm/torch";
import { describe, expect, it } from "vitest";
import { componentShrinkage } from "../../src/vectors/component-shrinkage.js";
import { principalComponents } from "../../src/vectors/projection.js";

/** Points [n, 3] with variances 9, 1 and 0.01 along three orthogonal directions, around (5, −2, 1). */
function cloud(n: number) {
  const z = randn([n, 3], { generator: Generator.create(3), dtype: "float64" });
  const turn = tensor(
    [
      [0.6, 0.8, 0],
      [-0.8, 0.6, 0],
      [0, 0, 1],
    ],
    { dtype: "float64" },
  );
  const spread = tensor([3, 1, 0.1], { dtype: "float64" });
  return z
    .mul(spread)
    .mm(turn)
    .add(tensor([5, -2, 1], { dtype: "float64" }));
}

describe("principalComponents", () => {
  it("gives constant columns back exactly", () => {
    const x = cloud(90).mul(tensor([[1, 0, 1]], { dtype: "float64" }));
    const all = principalComponents(x, { k: 2 });
    expect(all.reconstruct(all.project(x)).select(1, 1).abs().max().item()).toBe(0);
  });

  it("gives uncorrelated coordinates around 0 whose mean variance is 1, ordered by variance", () => {
    const x = cloud(500);
    const all = principalComponents(x, { k: 3 });
    const z = all.project(x);
    expect(z.mean(0).abs().max().item()).toBeLessThan(1e-12);
    const covariance = z.t().mm(z).div(499);
    const variances = covariance.diagonal().toNumbers();
    expect((variances[0] + variances[1] + variances[2]) / 3).toBeCloseTo(1, 10);
    variances.forEach((v, k) => {
      expect(all.explained[k]).toBeCloseTo(v / 3, 10);
    });
    expect(all.reconstruct(z).sub(x).abs().max().item()).toBeLessThan(1e-12);
    expect(variances[0]).toBeGreaterThan(variances[1]);
    expect(variances[1]).toBeGreaterThan(variances[2]);
    const off = covariance.sub(covariance.diagonal().diagEmbed());
    expect(off.abs().max().item()).toBeLessThan(1e-10);
  });

  it.each([
    ["fewer rows than columns", 60, 1100],
    ["many rows and many columns", 1100, 2100],
  ])("finds the same components of %s as all eigenpairs do", (_, n, d) => {
    const generator = Generator.create(5);
    const spread = tensor(Float64Array.from({ length: d }, (_, i) => 1 + 20 / (1 + i)));
    const x = randn([n, d], { generator, dtype: "float64" }).mul(spread).add(3);
    const { basis, explained, scale } = principalComponents(x, { k: 4 });
    expect(
      basis
        .t()
        .mm(basis)
        .sub(eye(4, { dtype: "float64" }))
        .abs()
        .max()
        .item(),
    ).toBeLessThan(1e-9);
    const centred = x.sub(x.mean(0));
    const [u, s] = centred.linalgSvd({ fullMatrices: false });
    const variances = s.square().div(n - 1);
    const leading = variances.narrow(0, 0, 4);
    expect(scale ** 2 / leading.mean().item()).toBeCloseTo(1, 8);
    explained.forEach((part, k) => {
      expect(part).toBeCloseTo(leading.toNumbers()[k] / variances.sum().item(), 8);
    });
    const scores = centred.mm(basis);
    const cosines = u.narrow(1, 0, 4).mul(scores).sum(0).abs().div(scores.square().sum(0).sqrt());
    expect(cosines.min().item()).toBeGreaterThan(1 - 1e-8);
  });

  it("has the components of all samples, although they are read in blocks", () => {
    const x = cloud(500);
    const whole = principalComponents(x, { k: 2 });
    const blocks = () => [0, 120, 300].map((first, i) => x.narrow(0, first, [120, 180, 200][i]));
    const streamed = principalComponents({ n: 500, d: 3, blocks }, { k: 2 });
    expect(streamed.basis.sub(whole.basis).abs().max().item()).toBeLessThan(1e-12);
    expect(streamed.mean.sub(whole.mean).abs().max().item()).toBeLessThan(1e-12);
    expect(streamed.scale).toBeCloseTo(whole.scale, 12);
  });

  it("refuses equal or single rows, and more components than columns", () => {
    expect(() => principalComponents(cloud(10), { k: 4 })).toThrow(/4 principal components/);
    expect(() => principalComponents(cloud(10), { k: 0 })).toThrow(/between 1 and 3/);
    expect(() => principalComponents(cloud(1), { k: 1 })).toThrow(/at least 2 samples/);
    expect(() => principalComponents(zeros([10, 3]), { k: 1 })).toThrow(/samples that differ/);
  });
});

describe("componentShrinkage", () => {
  /** Rows of one direction of a large variance, and noise of variance 1 in each column. */
  const rowsOf = (n: number, d: number, seed: number) => {
    const generator = Generator.create(seed);
    const x = randn([n, d], { generator, dtype: "float64" });
    x.select(1, 0).mul_(Math.sqrt((20 * d) / n));
    return x;
  };

  it.each([1, 2, 3])(
    "gives rows the spread of rows that the components have not seen, seed %d",
    (seed) => {
      const [n, d] = [300, 600];
      const train = rowsOf(n, d, seed);
      const held = rowsOf(2000, d, 100 + seed);
      held.select(1, 0).mul_(Math.sqrt(2000 / n));
      const components = principalComponents(train, { k: 10 });
      const factors = componentShrinkage(train, 10);
      const variances = (z: Tensor) => z.square().mean(0).toNumbers();
      const seen = variances(components.project(train));
      const shrunk = variances(components.project(train).mul(factors));
      const unseen = variances(components.project(held));
      // Noise of variance 1 spreads (1 + √(d/n))² = 5.8 along the first components that fit it (Marčenko and Pastur 1967).
      for (let k = 1; k < 10; k++) {
        expect(seen[k] / unseen[k]).toBeGreaterThan(4);
      }
      const sum = (list: readonly number[]) => list.slice(1).reduce((a, b) => a + b, 0);
      expect(Math.abs(sum(shrunk) / sum(unseen) - 1)).toBeLessThan(0.1);
      // Of a direction with little noise almost all is kept.
      expect(factors.select(0, 0).item()).toBeGreaterThan(0.9);
    },
  );

  it("leaves many rows of few columns as they are", () => {
    for (const factor of componentShrinkage(cloud(4000), 3).toNumbers())
      expect(factor).toBeCloseTo(1, 2);
  });
});

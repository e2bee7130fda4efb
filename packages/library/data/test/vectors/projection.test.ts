// Principal components against what defines them: orthonormal, uncorrelated, optimal, and one scale for all.
import { Generator, randn, tensor, zeros } from "@dsbm/torch";
import { describe, expect, it } from "vitest";
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

  it("refuses equal or single rows, and more components than columns", () => {
    expect(() => principalComponents(cloud(10), { k: 4 })).toThrow(/4 principal components/);
    expect(() => principalComponents(cloud(10), { k: 0 })).toThrow(/between 1 and 3/);
    expect(() => principalComponents(cloud(1), { k: 1 })).toThrow(/at least 2 samples/);
    expect(() => principalComponents(zeros([10, 3]), { k: 1 })).toThrow(/samples that differ/);
  });
});

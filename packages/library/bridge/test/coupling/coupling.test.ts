// Couplings: the side that stays data, the pairs, and their law.
import { arange, type Tensor, tidy } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import {
  distance,
  expectMoments,
  generatorOf,
  normal,
} from "../../../../../test/support/numbers.js";
import type { Pairs } from "../../src/core/batch.js";
import { reference, simulatedPairs } from "../../src/coupling/from-one-end.js";
import { independent } from "../../src/coupling/independent.js";
import {
  minibatchBridge,
  minibatchEntropic,
  minibatchExact,
} from "../../src/coupling/minibatch.js";
import { squaredDistances } from "../../src/ot/cost.js";
import { sinkhorn } from "../../src/ot/sinkhorn.js";
import { brownian } from "../../src/process/brownian.js";
import { bruteForce } from "../ot/helpers.js";

/** Row numbers as samples [n, 1], shifted. */
const numberedRows = (n: number, from = 0) =>
  arange(from, from + n, { dtype: "float64" }).unsqueeze(1);
const sortedNumbers = (x: Tensor) => x.toNumbers().sort((a, b) => a - b);

describe("independent", () => {
  it("uses each row at most once and as many as the smaller table has", () => {
    const { x0, x1 } = independent(
      { x0: numberedRows(7), x1: numberedRows(12, 100) },
      generatorOf(1),
    );
    expect(x0.shape).toEqual([7, 1]);
    expect(sortedNumbers(x0)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(new Set(x1.toNumbers()).size).toBe(7);
    expect(Math.min(...x1.toNumbers())).toBeGreaterThanOrEqual(100);
  });
});

describe("reference", () => {
  it.each(["f", "b"] as const)(
    "keeps the data on the side that %s runs to, with noise of σ on the other",
    (d) => {
      const data = { x0: normal([4000, 2, 1], 1).sub(5), x1: normal([4000, 2, 1], 2).add(5) };
      const pairs = reference(d, data, brownian({ sigma: 0.6 }), generatorOf(3));
      const [kept, made] = d === "b" ? (["x0", "x1"] as const) : (["x1", "x0"] as const);
      expect(pairs[kept]).toBe(data[kept]);
      expectMoments(pairs[made].sub(pairs[kept]), { mean: 0, var: 0.36 });
    },
  );
});

describe("simulated", () => {
  it.each(["f", "b"] as const)(
    "after %s starts in the data of this direction, and ends on the other side",
    (newest) => {
      const data = { x0: numberedRows(3), x1: numberedRows(3, 10) };
      const calls: [string, Tensor][] = [];
      const made = numberedRows(3, 50);
      const pairs = simulatedPairs(newest, data, (direction, start) => {
        calls.push([direction, start]);
        return made;
      });
      const start = newest === "f" ? data.x0 : data.x1;
      expect(calls).toEqual([[newest, start]]);
      expect(newest === "f" ? pairs.x0 : pairs.x1).toBe(start);
      expect(newest === "f" ? pairs.x1 : pairs.x0).toBe(made);
      for (const t of [data.x0, data.x1, made]) t.dispose();
    },
  );
});

const points = (n: number, seed: number): Pairs => ({
  x0: normal([n, 2, 1], seed),
  x1: normal([n, 2, 1], seed + 1),
});
const cost = ({ x0, x1 }: Pairs) => x0.sub(x1).square().sum().item();

describe("minibatchExact", () => {
  it("by permutation keeps every sample once, at the least possible cost", () => {
    for (const n of [1, 2, 5, 7])
      tidy(() => {
        const batch = points(n, 10 + n);
        const pairs = minibatchExact({ replace: false })(batch, generatorOf(1));
        expect(pairs.x0.shape).toEqual([n, 2, 1]);
        expect(sortedNumbers(pairs.x0)).toEqual(sortedNumbers(batch.x0));
        expect(sortedNumbers(pairs.x1)).toEqual(sortedNumbers(batch.x1));
        const matrix = Float64Array.from(squaredDistances(batch.x0, batch.x1).toNumbers());
        expect(cost(pairs)).toBeCloseTo(bruteForce(matrix, n), 10);
      });
  });

  it("with replacement draws pairs of the plan only, each equally often", () => {
    const batch = { x0: numberedRows(8), x1: numberedRows(8, 0.25).flip([0]) };
    const couple = minibatchExact();
    const generator = generatorOf(4);
    const counts = new Array<number>(8).fill(0);
    const rounds = 400;
    for (let i = 0; i < rounds; i++)
      tidy(() => {
        const { x0, x1 } = couple(batch, generator);
        expect(distance(x0.add(0.25), x1)).toBe(0); // sorted points are matched in order
        for (const k of x0.toNumbers()) counts[k] = (counts[k] ?? 0) + 1;
      });
    // Each is binomial(3200, 1/8): standard deviation 18.7.
    for (const count of counts) expect(Math.abs(count - rounds)).toBeLessThan(5 * 18.8);
  });
});

describe("minibatchEntropic", () => {
  it("draws from the plan of Sinkhorn: frequencies agree with its entries", () => {
    const batch = { x0: numberedRows(3), x1: numberedRows(3, 0.4) };
    const reg = 1.5;
    const { plan } = sinkhorn(squaredDistances(batch.x0, batch.x1), { reg });
    const want = plan.toNumbers();
    const couple = minibatchEntropic({ reg });
    const generator = generatorOf(6);
    const counts = new Array<number>(9).fill(0);
    const rounds = 700;
    for (let i = 0; i < rounds; i++)
      tidy(() => {
        const { x0, x1 } = couple(batch, generator);
        const columns = x1.sub(0.4).round().toNumbers();
        x0.toNumbers().forEach((row, k) => {
          const at = 3 * row + columns[k];
          counts[at] = (counts[at] ?? 0) + 1;
        });
      });
    counts.forEach((count, k) => {
      const p = want[k];
      const n = 3 * rounds;
      expect(Math.abs(count - n * p)).toBeLessThan(5 * Math.sqrt(n * p * (1 - p)) + 1e-9);
    });
  });
});

describe("minibatchBridge", () => {
  const data = { x0: normal([4000, 1], 1), x1: normal([4000, 1], 2) };
  const covarianceOf = (sigma: number) => {
    const pairs = minibatchBridge({ sigma })(
      { x0: data.x0.narrow(0, 0, 1000), x1: data.x1.narrow(0, 0, 1000) },
      generatorOf(3),
    );
    return pairs.x0.mul(pairs.x1).mean().item();
  };

  it("gives pairs the covariance of the bridge if the noise is large", () => {
    // (√(4 + σ⁴) − σ²)/2 between N(0, 1) and N(0, 1)
    const sigma = 1.2;
    const want = (Math.sqrt(4 + sigma ** 4) - sigma ** 2) / 2;
    expect(Math.abs(covarianceOf(sigma) - want)).toBeLessThan(0.08);
  });

  it("pairs exactly if the noise is small", () => {
    const batch = { x0: data.x0.narrow(0, 0, 300), x1: data.x1.narrow(0, 0, 300) };
    const few = minibatchBridge({ sigma: 0.1 })(batch, generatorOf(3));
    const exact = minibatchExact()(batch, generatorOf(3));
    expect(few.x0.toNumbers()).toEqual(exact.x0.toNumbers());
    expect(few.x1.toNumbers()).toEqual(exact.x1.toNumbers());
  });
});

// Known pairs: they stay together, both ends keep their distribution, and only the rest is coupled otherwise.
import { arange, type Tensor, tensor, tidy } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { distance, generatorOf } from "../../../../../test/support/numbers.js";
import type { Pairs } from "../../src/core/batch.js";
import { independent } from "../../src/coupling/independent.js";
import { coupleUnknownRows, matchKnown, withoutKnownMark } from "../../src/coupling/known.js";
import { minibatchExact } from "../../src/coupling/minibatch.js";
import { alpha_dsbm, type OnlinePairs } from "../../src/method/alpha-dsbm.js";
import { dsbm } from "../../src/method/dsbm.js";
import type { FirstCoupling, RowsContext } from "../../src/method/method.js";
import { brownian } from "../../src/process/brownian.js";

/** Row numbers as samples [n, 1]: 0, 1, … of x0 and 100, 101, … of x1. */
const ends = (n: number, m: number) => ({
  x0: arange(0, n, { dtype: "float32" }).unsqueeze(1),
  x1: arange(100, 100 + m, { dtype: "float32" }).unsqueeze(1),
});
const pairs = (...rows: [number, number][]) => ({
  x0: Int32Array.from(rows, ([i]) => i),
  x1: Int32Array.from(rows, ([, j]) => j),
});
const knownPairs = pairs([0, 3], [1, 2], [4, 0]);

/** How often each pair "i-j" comes, and each row of either end, in `rounds` passes over x0. */
function countPairs(n: number, m: number, rounds: number) {
  const seen = new Map<string, number>();
  const marked = new Map<string, number>();
  const add = (map: Map<string, number>, key: string) => map.set(key, (map.get(key) ?? 0) + 1);
  const generator = generatorOf(11);
  const data = ends(n, m);
  const matching = matchKnown(data, knownPairs);
  const countRound = () => {
    const drawn = independent(data, generator, { matching });
    const [left, right, marks] = [drawn.x0, drawn.x1.sub(100), drawn.known as Tensor].map((t) =>
      t.toNumbers(),
    ) as [number[], number[], number[]];
    left.forEach((i, k) => {
      for (const key of [`x0 ${i}`, `x1 ${right[k]}`, `${i}-${right[k]}`]) add(seen, key);
      if (marks[k] === 1) add(marked, `${i}-${right[k]}`);
    });
  };
  for (let round = 0; round < rounds; round++) tidy(countRound);
  return { seen: (key: string) => seen.get(key) ?? 0, marked };
}

describe("matchKnown", () => {
  it.each([
    [6, 6, 1],
    [9, 6, 1],
    [6, 9, 6 / 9],
  ])(
    "of %d and %d rows keeps both distributions, and a pair the weight of its lighter row",
    (n, m, stays) => {
      const rounds = 1500;
      const { seen, marked } = countPairs(n, m, rounds);
      // Six standard deviations of a binomial number.
      const near = (count: number, p: number) =>
        expect(Math.abs(count - rounds * p)).toBeLessThan(6 * Math.sqrt(rounds * n) * 0.5);
      for (let i = 0; i < n; i++) expect(seen(`x0 ${i}`)).toBe(rounds);
      for (let j = 0; j < m; j++) near(seen(`x1 ${j}`), n / m);
      for (const key of ["0-3", "1-2", "4-0"]) {
        near(marked.get(key) ?? 0, stays);
        // Rows of the larger table go nowhere else.
        const [i, j] = key.split("-");
        if (n >= m) expect(seen(key)).toBe(seen(`x0 ${i}`));
        if (n <= m) expect(seen(key)).toBe(seen(`x1 ${j}`));
      }
      expect([...marked.keys()].sort()).toEqual(["0-3", "1-2", "4-0"]);
    },
  );

  it("matches the other rows within their condition on request", () => {
    const y = (values: number[]) => ({ y: tensor(BigInt64Array.from(values, BigInt)) });
    const data = {
      ...ends(5, 5),
      conditions: { x0: y([0, 0, 1, 1, 7]), x1: y([0, 1, 0, 1, 1]) },
    };
    const matching = matchKnown(data, pairs([0, 4], [4, 1]), { byCondition: true });
    // Rows 0 and 4 by their pairs, whatever their conditions; row 1 with 0 or 2, rows 2 and 3 with 3.
    expect([...matching.rows]).toEqual([0, 1, 2, 3, 4]);
    const { x1 } = matching.partners(arange(0, 200).remainder(5).to("int64"), generatorOf(1));
    const partners = [0, 1, 2, 3, 4].map((row) =>
      [...new Set(x1.toNumbers().filter((_, k) => k % 5 === row))].sort(),
    );
    expect(partners).toEqual([[4], [0, 2], [3], [3], [1]]);
  });
});

describe("coupleUnknownRows", () => {
  it("couples the others among themselves and leaves every row in its place", () => {
    const x0 = tensor([0, 10, 20, 30, 40], { dtype: "float64" }).unsqueeze(1);
    const x1 = tensor([999, 21, 11, 998, 41], { dtype: "float64" }).unsqueeze(1);
    const mark = tensor([1, 0, 0, 1, 0]);
    const cond = x0.mul(2);
    const generator = generatorOf(3);
    const couple = coupleUnknownRows(minibatchExact());
    for (let i = 0; i < 20; i++)
      tidy(() => {
        const made = couple({ x0, x1, known: mark, conditions: { cond } }, generator);
        expect(Object.keys(made).sort()).toEqual(["conditions", "x0", "x1"]);
        const [a, b] = [made.x0.toNumbers(), made.x1.toNumbers()];
        expect([a[0], b[0], a[3], b[3]]).toEqual([0, 999, 30, 998]);
        for (const k of [1, 2, 4]) expect(b[k] - a[k]).toBe(1);
        expect(distance(made.conditions?.cond as Tensor, made.x0.mul(2))).toBe(0);
      });
  });

  it.each([
    ["all", [1, 1]],
    ["none", [0, 0]],
  ])("serves batches of which %s are known", (_, marks) => {
    const batch: Pairs = { ...ends(2, 2), known: tensor(marks) };
    const made = coupleUnknownRows(minibatchExact())(batch, generatorOf(1));
    expect(distance(made.x1.sub(100), made.x0)).toBe(0);
    expect(withoutKnownMark(batch)).toEqual({ x0: batch.x0, x1: batch.x1 });
  });
});

describe("methods that start elsewhere", () => {
  const context = (firstCoupling: FirstCoupling, changes: Partial<RowsContext> = {}) => {
    const data = ends(6, 6);
    return {
      direction: "b",
      newest: null,
      firstCoupling,
      generator: generatorOf(5),
      data,
      process: brownian({ sigma: 0.1 }),
      matching: matchKnown(data, knownPairs),
      simulate: (_: unknown, x: Tensor) => x,
      simulateRuns: () => ({}),
      ...changes,
    } as RowsContext;
  };

  it("mix known pairs with pairs of the reference process", () => {
    for (const direction of ["b", "f"] as const) {
      const { x0, x1, known: marks } = dsbm.rows.make(context("ref", { direction })) as Pairs;
      expect(marks?.toNumbers().reduce((a, b) => a + b)).toBe(3);
      const far = x1.sub(x0).flatten().toNumbers();
      marks?.toNumbers().forEach((mark, k) => {
        // Rows of x1 are some 100 away, the other coupling's ends some 0.1.
        expect(Math.abs(far[k] as number) > 50).toBe(mark === 1);
      });
    }
    const rows = alpha_dsbm.rows.make(context("ref"));
    const { x0, x1, made0, made1, known: marks } = rows as OnlinePairs & { known?: Tensor };
    marks?.toNumbers().forEach((mark, k) => {
      for (const gap of [(made0 ?? x0).sub(x1), (made1 ?? x1).sub(x0)])
        expect(Math.abs(gap.toNumbers()[k] as number) > 50).toBe(mark === 1);
    });
  });

  it("keep given pairs", () => {
    const data = { ...ends(4, 4), shuffled: true, known: tensor([0, 1, 0, 1]) };
    const { x0, x1 } = dsbm.rows.make(context("ref", { data, matching: null })) as Pairs;
    expect(x0.toNumbers()).toEqual([0, 1, 2, 3]);
    expect(x1.round().add(0).toNumbers()).toEqual([0, 101, 2, 103]);
  });
});

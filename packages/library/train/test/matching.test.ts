// Pairs that share their conditions: which rows go together, how often, and what networks learn of it.

import { matchConditions, methods } from "@dsbm/bridge";
import { arange, type Tensor, tensor } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../test/support/in-scope.js";
import { generatorOf, normal } from "../../../../test/support/numbers.js";
import { conditional, runTraining, tinyProblem } from "./support.js";

const classes = (values: readonly number[]) => tensor(BigInt64Array.from(values, BigInt));
const numbers = (t: Tensor) => t.toNumbers();

describe("rows with the same condition", () => {
  it("are partners, each equally often; rows without a partner are dropped", () => {
    const y = { x0: [3, 1, 8, 1, 2], x1: [1, 2, 1, 9, 1, 3] };
    const matching = matchConditions({ x0: { y: classes(y.x0) }, x1: { y: classes(y.x1) } });
    expect([...matching.rows]).toEqual([0, 1, 3, 4]);
    const n = 9000;
    const positions = arange(0, n).remainder(4).to("int64");
    const { x0, x1 } = matching.partners(positions, generatorOf(1));
    const seen = new Map<string, number>();
    const [left, right] = [numbers(x0), numbers(x1)];
    left.forEach((row, i) => {
      expect(y.x1[right[i]]).toBe(y.x0[row]);
      const pair = `${row}-${right[i]}`;
      seen.set(pair, (seen.get(pair) ?? 0) + 1);
    });
    // Rows 1 and 3 have three partners each: 750 of 2,250 draws, give or take six times 22.
    for (const row of [1, 3])
      for (const partner of [0, 2, 4]) {
        expect(seen.get(`${row}-${partner}`)).toBeGreaterThan(750 - 134);
        expect(seen.get(`${row}-${partner}`)).toBeLessThan(750 + 134);
      }
    expect([seen.get("0-5"), seen.get("4-1")]).toEqual([2250, 2250]);
    expect(seen.size).toBe(8);
  });

  it("of one number are the nearest rows, each equally often; rows beyond the common range are dropped", () => {
    const column = (values: number[]) => tensor(Float32Array.from(values)).reshape([-1, 1]);
    const ends = Array.from({ length: 100 }, (_, i) => (i * 37) % 100);
    const matching = matchConditions({
      x0: { cond: column([-1, 50.4, 0, 100, 99]) },
      x1: { cond: column(ends) },
    });
    expect([...matching.rows]).toEqual([1, 2, 4]);
    const positions = arange(0, 2400).remainder(3).to("int64");
    const { x0, x1 } = matching.partners(positions, generatorOf(1));
    const seen = new Map<string, number>();
    const right = numbers(x1);
    numbers(x0).forEach((row, i) => {
      const pair = `${row}-${ends[right[i]]}`;
      seen.set(pair, (seen.get(pair) ?? 0) + 1);
    });
    // Eight partners each: 100 of 800 draws, give or take six times 10.
    const nearest = { 1: 47, 2: 0, 4: 92 };
    for (const [row, low] of Object.entries(nearest))
      for (let k = 0; k < 8; k++) {
        const count = seen.get(`${row}-${low + k}`) ?? 0;
        expect(Math.abs(count - 100)).toBeLessThan(60);
      }
    expect(seen.size).toBe(24);
  });

  it("have the same field and class to the last bit, whatever the sign of 0", () => {
    const field = (values: number[]) => tensor(Float32Array.from(values), { shape: [3, 1, 2, 1] });
    const x0 = { cond: field([0, 1, 2, 3, 4, 5]), y: classes([0, 1, 0]) };
    const same = (cond: Tensor, y: Tensor) => [...matchConditions({ x0, x1: { cond, y } }).rows];
    expect(same(field([-0, 1, 2, 3, 4, 5]), classes([0, 1, 0]))).toEqual([0, 1, 2]);
    expect(same(field([-0, 1, 2, 3, 4, 5]), classes([0, 1, 1]))).toEqual([0, 1]);
    expect(same(field([0, 1, 2, 3, 4, 5 + 2 ** -20]), classes([0, 1, 0]))).toEqual([0, 1]);
  });
});

it("transport within batches pairs samples of equal and of near conditions", async () => {
  const n = 64;
  /** The conditions of the rows of each plan of two steps. */
  async function plans(cond: Tensor) {
    const seen: number[][] = [];
    await runTraining(
      tinyProblem(methods.dsbm, {
        data: {
          x0: normal([n, 1], 1).to("float32"),
          x1: normal([n, 1], 2).to("float32"),
          conditions: { x0: { cond }, x1: { cond } },
        },
        network: () => conditional(1, 1),
        firstCoupling: "ind",
        matchConditions: true,
        batchCoupling: (batch) => {
          const { cond: own } = batch.conditions as { cond: Tensor };
          seen.push(numbers(own.flatten()));
          return batch;
        },
        batchSize: 32,
        steps: 2,
        halfIterations: 1,
        cache: null,
      }),
    );
    expect(seen.flat()).toHaveLength(64);
    return seen;
  }
  const two = await plans(arange(0, n).remainder(2).to("float32").reshape([n, 1]));
  expect(two.flatMap((group) => [...new Set(group)]).toSorted()).toEqual([0, 0, 1, 1]);
  const near = await plans(arange(0, n).to("float32").reshape([n, 1]));
  expect(near.map(({ length }) => length)).toEqual([8, 8, 8, 8, 8, 8, 8, 8]);
  for (const step of [near.slice(0, 4), near.slice(4)])
    for (const [k, group] of step.slice(1).entries())
      expect(Math.min(...group)).toBeGreaterThanOrEqual(Math.max(...step[k]));
});

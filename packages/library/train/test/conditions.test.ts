// Conditions: every sample keeps its own on the way through couplings, caches and samplers.
import {
  type Conditions,
  type Endpoints,
  type Method,
  methodNamed,
  methods,
  minibatchEntropic,
  minibatchExact,
  namesOf,
  tensorsOf,
} from "@dsbm/bridge";
import { arange, nn, type Tensor, tensor, tidy } from "@dsbm/torch";
import { describe, expect, it } from "vitest";
import { generatorOf, normal } from "../../../../test/support/numbers.js";
import { scratch } from "../../../../test/support/scratch.js";
import { type Fields, tinyProblem, trainingOf } from "./support.js";

const folder = scratch();

/** Rows i/64, i/64 of so many numbers from `first` on, [n, 2]; and i as field and class. */
const markedRows = (n: number, first: number) =>
  arange(first, first + n)
    .div(64)
    .reshape([n, 1])
    .expand([n, 2])
    .contiguous();
const conditionsOf = (x: Tensor) => {
  const own = x.select(1, 0).mul(64);
  return { cond: own.reshape([-1, 1]).contiguous(), y: own.to("int64") };
};

/** A small push; expects a condition for every row. */
class Conditioned extends nn.Module {
  push = new nn.Linear(2, 2);
  forward(x: Tensor, _t: Tensor, given: Conditions = {}): Tensor {
    expect(given.cond?.shape).toEqual([x.size(0), 1]);
    expect(given.y?.shape).toEqual([x.size(0)]);
    expect(given.y?.dtype).toBe("int64");
    return this.push.forward(x.mul(1e-6)).add(given.cond as Tensor, { alpha: 1e-9 });
  }
}

/** The rows that a method makes in each half-iteration, in numbers. */
async function rowsOf(
  base: Method,
  data: Endpoints,
  changes: Fields,
): Promise<{ half: number; rows: Record<string, number[]> }[]> {
  const seen: { half: number; rows: Record<string, number[]> }[] = [];
  let half = 0;
  const spy: Method = {
    ...base,
    rows: {
      ...(base.rows as NonNullable<Method["rows"]>),
      make(context) {
        const rows = base.rows?.make(context) ?? {};
        const tensors = tensorsOf(rows).map((r) => tidy(() => r.to("float64").toNumbers()));
        const named = namesOf(rows).map((name, i) => [name.replace("given.", ""), tensors[i]]);
        seen.push({ half, rows: Object.fromEntries(named) });
        return rows;
      },
    },
  };
  const training = trainingOf(
    tinyProblem(spy, {
      data,
      network: () => new Conditioned(),
      batchSize: 8,
      steps: 3,
      halfIterations: 3,
      ...changes,
    }),
  );
  for await (const event of training.run()) if (event.type === "start") half = event.half;
  return seen;
}

const sources = ["in memory", "streamed and cached"];
const cacheOf = (source: (typeof sources)[number]) =>
  source === "in memory" ? null : { folder, npar: 20, batchSize: 12, refreshStride: 2 };

describe.each(sources)("rows %s", (source) => {
  it.each([
    { name: "dsbm", firstCoupling: "ind" as const },
    { name: "dsbm", firstCoupling: "ref" as const },
    { name: "rectifiedflow", firstCoupling: "ind" as const },
    { name: "sbcfm", firstCoupling: "ind" as const },
  ])("of $name ($firstCoupling) keep the conditions of the samples they came with", async (how) => {
    const ends = { x0: markedRows(40, 0), x1: markedRows(40, 1000) };
    const conditions = { x0: conditionsOf(ends.x0), x1: conditionsOf(ends.x1) };
    const data = { ...ends, conditions };
    const seen = await rowsOf(methodNamed(how.name), data, {
      firstCoupling: how.firstCoupling,
      sequence: how.name === "dsbm" ? ["b", "f"] : ["b"],
      cache: cacheOf(source),
    });
    expect(new Set(seen.map(({ half }) => half))).toEqual(new Set([1, 2, 3]));
    for (const { half, rows } of seen) {
      const { x0, x1, cond, y } = rows;
      expect(cond).toEqual(y);
      // First b learns to reach x0; then starts are kept: x1 after b (runs start there), x0 after f.
      const first = half === 1 || how.name === "sbcfm";
      const from = first ? x0 : how.name === "dsbm" && half === 3 ? x0 : x1;
      expect(cond).toEqual(from.filter((_, i) => i % 2 === 0).map((v) => 64 * v));
      expect(new Set(cond).size).toBeGreaterThan(5);
    }
  });
});

describe.each(sources)("rows %s with matched conditions", (source) => {
  it.each([
    { name: "dsbm" as const, sequence: ["b", "f"] as const },
    { name: "rectifiedflow" as const, sequence: ["b"] as const },
  ])("of $name pair samples of one class", async ({ name, sequence }) => {
    // x0 is 0 … 39 of the classes 0 … 4, x1 is 1000 … 1039 of 1 … 8.
    const data = { x0: markedRows(40, 0), x1: markedRows(40, 1000) };
    const classOf = { x0: (i: number) => i % 5, x1: (i: number) => 1 + (i % 8) };
    const conditionOf = (end: "x0" | "x1") => {
      const rows = data[end].select(1, 0).mul(64).toNumbers();
      const y = tensor(BigInt64Array.from(rows, (row) => BigInt(classOf[end](row))));
      return { y, cond: y.to("float32").reshape([40, 1]) };
    };
    const conditions = { x0: conditionOf("x0"), x1: conditionOf("x1") };
    const seen = await rowsOf(
      methods[name],
      { ...data, conditions },
      {
        firstCoupling: "ind",
        firstPass: 2,
        matchConditions: true,
        sequence,
        steps: 12,
        cache: cacheOf(source),
      },
    );
    const pairs = seen.filter(({ half }) => half <= 2);
    const met = new Map<number, Set<number>>();
    for (const { rows } of pairs) {
      const { x0, x1, cond } = rows;
      const row = (x: number[], i: number) => Math.round(64 * x[2 * i]);
      cond.forEach((value, i) => {
        expect([classOf.x0(row(x0, i)), classOf.x1(row(x1, i))]).toEqual([value, value]);
        met.set(value, (met.get(value) ?? new Set()).add(row(x1, i)));
      });
    }
    // All five partners of each class come up, and class 0 has none.
    expect([...met.keys()].toSorted()).toEqual([1, 2, 3, 4]);
    for (const partners of met.values()) expect(partners.size).toBe(5);
  });
});

describe("minibatch optimal transport", () => {
  it.each([
    { name: "exact, drawn", couple: minibatchExact() },
    { name: "exact, permuted", couple: minibatchExact({ replace: false }) },
    { name: "entropic, drawn", couple: minibatchEntropic({ reg: 0.5 }) },
  ])("$name moves conditions with the end they belong to", ({ couple }) => {
    for (const of of ["x0", "x1"] as const)
      tidy(() => {
        const pairs = { x0: normal([9, 2], 1), x1: normal([9, 2], 2) };
        const conditions = { cond: pairs[of].mul(3), y: arange(0, 9).to("int64") };
        const found = couple({ ...pairs, conditions }, generatorOf(5), of);
        const { cond, y } = found.conditions ?? {};
        expect(cond?.toNumbers()).toEqual(found[of].mul(3).toNumbers());
        expect(pairs[of].indexSelect(0, y as Tensor).toNumbers()).toEqual(found[of].toNumbers());
      });
  });
});

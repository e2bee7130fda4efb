// Rows in memory: each row once an epoch, the same batches for every rank, and no copy of the tables.
import { independent, type Pairs, simulatedPairs, stream } from "@dsbm/bridge";
import { arange, cat, memory, setNumThreads, type Tensor, tidy, zeros } from "@dsbm/torch";
import { beforeEach, expect } from "vitest";
import { collectGarbage } from "../../../../../test/support/collect.js";
import { it } from "../../../../../test/support/in-scope.js";
import { TableRows } from "../../src/rows/table.js";

const n = 5000;
const width = 16;
const batchSize = 48;
beforeEach(() => setNumThreads(1));
beforeEach(collectGarbage);

/** Row i is i everywhere. */
const numberedRows = (from: number) =>
  arange(from, from + n, { dtype: "float32" })
    .reshape([n, 1])
    .repeat([1, width]);
const ids = (x: Tensor): number[] => x.select(1, 0).toNumbers();

const rowMakers = {
  independent: (data: { x0: Tensor; x1: Tensor }) => independent(data, stream(0, "pairs")),
  // The end that is "simulated" is the start plus 0.5.
  simulated: (data: { x0: Tensor; x1: Tensor }) => simulatedPairs("f", data, (_, x) => x.add(0.5)),
};

const source = (data: { x0: Tensor; x1: Tensor }, epoch: (typeof rowMakers)["independent"]) =>
  new TableRows({
    ...{ data, epoch, batchSize, choose: null },
    ...{ simulate: stream(0, "simulate"), shuffle: stream(0, "shuffle") },
    stepsLeft: () => 1e6,
  });

it.each(["independent", "simulated"] as const)("take %s pairs, each row once", (kind) => {
  const data = { x0: numberedRows(0), x1: numberedRows(n) };
  const rows = source(data, rowMakers[kind]);
  const other = source(data, rowMakers[kind]);
  rows.make();
  other.make();
  const batches: Pairs[] = [];
  while (!rows.due()) {
    const whole = rows.batch(batchSize) as Pairs;
    const part = other.batch(batchSize, { start: 32, count: 16 }) as Pairs;
    expect(ids(part.x0)).toEqual(ids(whole.x0).slice(32));
    expect(ids(part.x1)).toEqual(ids(whole.x1).slice(32));
    batches.push(whole);
  }
  expect(batches.length).toBe(Math.floor(n / batchSize));
  const all = (end: "x0" | "x1") => ids(cat(batches.map((b) => b[end])));
  const [x0, x1] = [all("x0"), all("x1")];
  expect(new Set(x0).size).toBe(x0.length);
  expect(new Set(x1).size).toBe(x1.length);
  const distance = x1.map((b, i) => b - x0[i]);
  if (kind === "simulated") expect(new Set(distance)).toEqual(new Set([0.5]));
  else expect(new Set(distance).size).toBeGreaterThan(n / 3);
  for (const s of [rows, other]) s.dispose();
  // The tables are their owner's.
  expect(ids(data.x0)[7]).toBe(7);
});

it("are not copied: an epoch holds indices and the rows of some batches", () => {
  const many = 200_000;
  const data = { x0: zeros([many, width]), x1: zeros([many, width]) };
  const table = many * width * 4;
  const before = memory().current;
  const rows = source(data, rowMakers.independent);
  rows.make();
  tidy(() => {
    rows.batch(batchSize);
  });
  // Two orders of int64, 16 bytes a row.
  expect(memory().current - before).toBeLessThan(many * 16 + table / 16);
  rows.dispose();
  expect(memory().current - before).toBeLessThan(table / 100);
});

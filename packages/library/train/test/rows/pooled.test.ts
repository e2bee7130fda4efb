// Pairs from OT batches larger than a batch: closer to the plan of the data, every batch cut from
// the same pool, and the same rows for every rank.
import { type Endpoints, exactPointPlan, minibatchExact, type Pairs, stream } from "@dsbm/bridge";
import { cat, randn, setNumThreads, type Tensor, tidy } from "@dsbm/torch";
import { afterAll, beforeEach, expect, it } from "vitest";
import { generatorOf } from "../../../../../test/support/numbers.js";
import { PooledRows } from "../../src/rows/pooled.js";
import { StreamRows } from "../../src/rows/stream.js";

const n = 192;
const batch = 16;
const data = {
  x0: randn([n, 3], { generator: generatorOf(1) }),
  x1: randn([n, 3], { generator: generatorOf(2) }).add(1),
};
afterAll(() => {
  for (const t of Object.values(data)) t.dispose();
});
beforeEach(() => setNumThreads(1));

function pool(rows: number, options: { replace: boolean }) {
  const source = new StreamRows({
    ...{ data, decode: (x: Tensor) => x, rows: ({ x0, x1 }: Endpoints) => ({ x0, x1 }) },
    ...{ simulate: stream(0, "a"), shuffle: { x0: stream(0, "b"), x1: stream(0, "c") } },
  });
  const couple = minibatchExact(options);
  return new PooledRows({ source, rows, couple, pairing: stream(0, "d"), conditionsOf: "x0" });
}

/** Mean squared distance of the pairs of a pass over the data. */
function meanCost(rows: number) {
  return tidy(() => {
    const pooled = pool(rows, { replace: false });
    let sum = 0;
    for (let k = 0; k < n / batch; k++) {
      const { x0, x1 } = pooled.batch(batch) as Pairs;
      sum += x0.sub(x1).square().sum(1).mean().item();
    }
    pooled.dispose();
    return sum / (n / batch);
  });
}

it("cost less with more rows in a plan, and with all rows as much as the plan of the data", () => {
  const costs = [batch, 4 * batch, n].map(meanCost);
  expect(costs[1]).toBeLessThan(0.9 * costs[0]);
  expect(costs[2]).toBeLessThan(0.95 * costs[1]);
  expect(costs[2]).toBeCloseTo(exactPointPlan(data.x0, data.x1).cost, 4);
});

it("give every rank its part of the same batches, and each row once a pass", () => {
  tidy(() => {
    const replace = { replace: false };
    const [whole, first, second] = [pool(64, replace), pool(64, replace), pool(64, replace)];
    const seen: Tensor[] = [];
    for (let k = 0; k < n / batch; k++) {
      const pairs = whole.batch(batch) as Pairs;
      const parts = [
        first.batch(batch, { start: 0, count: 10 }),
        second.batch(batch, { start: 10, count: 6 }),
      ] as Pairs[];
      for (const end of ["x0", "x1"] as const)
        expect(cat(parts.map((part) => part[end])).toNumbers()).toEqual(pairs[end].toNumbers());
      seen.push(pairs.x1);
    }
    const sorted = (x: Tensor) => x.select(1, 0).toNumbers().sort();
    expect(sorted(cat(seen))).toEqual(sorted(data.x1));
    for (const rows of [whole, first, second]) rows.dispose();
  });
});

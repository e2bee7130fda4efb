// Exact distances in threads: equal to the calling thread's, and an immediate end when they are
// stopped.
import { wasserstein } from "@dsbm/bridge";
import { type Tensor, tidy } from "@dsbm/torch";
import { afterAll, beforeAll, expect, it } from "vitest";
import { normal } from "../../../../test/support/numbers.js";
import { Distances } from "../src/distances.js";

let x: Tensor;
let y: Tensor;
beforeAll(() => {
  [x, y] = tidy(() => [normal([2001, 2], 1), normal([2000, 2], 2).add(0.3)]);
});
afterAll(() => {
  for (const t of [x, y]) t.dispose();
});

it("several threads give the distances of the calling thread", async () => {
  // The second waits for the thread of the first.
  using distances = new Distances({ threads: 1 });
  const found = await Promise.all([
    distances.wasserstein(x, y, { p: 1, seed: 3 }),
    distances.wasserstein(y, x, { p: 1, seed: 3 }),
    distances.wasserstein(x.narrow(0, 0, 50), y, { p: 2, seed: 3 }),
  ]);
  const { value, low, high } = wasserstein(x, y, { p: 1, seed: 3 });
  expect(found[0]).toEqual({ value, low, high });
  expect(found[1]?.value).toBeCloseTo(value, 5);
  expect(found[2]?.value).toBe(wasserstein(x.narrow(0, 0, 50), y, { p: 2, seed: 3 }).value);
});

it("running and waiting distances end when their signal aborts", async () => {
  const controller = new AbortController();
  const distances = new Distances({ threads: 1, signal: controller.signal });
  const results = Promise.allSettled([
    distances.wasserstein(x, y, { p: 1, seed: 3 }),
    distances.wasserstein(x, y, { p: 1, seed: 3 }),
  ]);
  // The first has a thread by then; a fast machine would have its distance soon.
  setImmediate(() => controller.abort());
  for (const result of await results)
    expect(result).toMatchObject({ status: "rejected", reason: { name: "AbortError" } });
});

it("NaN and infinite samples are refused in the calling thread", async () => {
  const distances = new Distances({ threads: 2 });
  const odd = tidy(() => x.mul(Number.NaN));
  await expect(distances.wasserstein(odd, y, { p: 1, seed: 3 })).rejects.toThrow(/NaN or infinite/);
  odd.dispose();
});

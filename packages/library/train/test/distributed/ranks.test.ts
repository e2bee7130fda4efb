// Training in several processes on the loopback: whatever the method, the losses, weights and
// evaluations equal one process with the same batches, to the order in which float32 numbers are
// added. fixtures/rank.mjs is a process.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import * as support from "../../../../../test/support/ranks.js";
import { scratch } from "../../../../../test/support/scratch.js";

const program = fileURLToPath(new URL("../fixtures/rank.mjs", import.meta.url));
const folder = scratch();

interface Result {
  losses: [loss: number, norm: number | null][];
  evaluations: number[];
  weights: [name: string, values: number[]][];
}

async function train(n: number, options: object): Promise<Result> {
  const argument = { root: join(folder, `of ${n}`), ...options };
  const { residentRank } = support;
  const all =
    n === 1
      ? [await residentRank(program, argument, {})]
      : await support.ranks(program, n, argument, () => ({}), residentRank);
  for (const { said, exit, errors } of all) {
    expect([exit, errors]).toEqual([0, ""]);
    expect(said.ended).toBe(true);
  }
  return all[0]?.said as Result;
}

const knownResults = new Map<string, Promise<Result>>();
/** What one process trains, trained once. */
function trainAlone(problem: string): Promise<Result> {
  const result = knownResults.get(problem) ?? train(1, { problem });
  knownResults.set(problem, result);
  return result;
}

/** Largest relative difference of two lists. */
const farthestDistance = (a: readonly number[], b: readonly number[]): number => {
  expect(b).toHaveLength(a.length);
  return Math.max(...a.map((x, i) => Math.abs(x - b[i]) / Math.abs(x)));
};
/** Distance of all weights, relative to their length. */
function distanceOf(a: Result, b: Result): number {
  const [x, y] = [a, b].map((r) => r.weights.flatMap(([, values]) => values));
  expect(b.weights.map(([name]) => name)).toEqual(a.weights.map(([name]) => name));
  const length = (v: number[]) => Math.sqrt(v.reduce((s, e) => s + e * e, 0));
  return length(x.map((e, i) => e - y[i])) / length(x);
}
const lossesOf = ({ losses }: Result) => losses.map(([loss]) => loss);
const normsOf = ({ losses }: Result) => losses.map(([, norm]) => norm ?? 1);

function expectSame(some: Result, one: Result, within = 1e-5): void {
  expect(lossesOf(one).length).toBeGreaterThanOrEqual(25);
  expect(farthestDistance(lossesOf(one), lossesOf(some))).toBeLessThan(within);
  expect(farthestDistance(normsOf(one), normsOf(some))).toBeLessThan(10 * within);
  expect(farthestDistance(one.evaluations, some.evaluations)).toBeLessThan(within);
  expect(distanceOf(one, some)).toBeLessThan(within);
}

describe("several processes train as one does", () => {
  it.each<[problem: string, n: number, changes: object]>([
    ["imf", 3, {}],
    ["minibatch transport", 2, {}],
    ["online", 2, {}],
    // In parts whose gradients add up.
    ["images", 2, { accumulate: 3 }],
    ["images, discrete dsb", 2, {}],
  ])("%s, by %i, %j", async (problem, n, changes) => {
    const one = await trainAlone(problem);
    // The reduction of a discrete run's many small gradients rounds the most.
    const within = problem === "images, discrete dsb" ? 1e-4 : 1e-5;
    expectSame(await train(n, { problem, changes }), one, within);
    // What cannot fail is no test: another seed learns something else.
    if (problem !== "imf") return;
    expect(distanceOf(one, await train(1, { problem, changes: { seed: 4 } }))).toBeGreaterThan(
      1e-3,
    );
  });

  it("to the last bit, where each goes through all rows, with a cache on each disk", async () => {
    const root = join(folder, "apart");
    const changes = { shareBatch: false };
    const some = await train(2, { problem: "images", apart: true, root, changes });
    expect(some).toEqual(await trainAlone("images"));
    for (const rank of ["0", "1"]) expect(readdirSync(join(root, rank, "cache"))).toEqual([]);
  });

  it("by the faster of two ways, or with more processes than pairs in a batch", async () => {
    const one = await trainAlone("imf");
    expectSame(await train(2, { problem: "imf", changes: { shareBatch: "auto" } }), one);
    const single = { problem: "imf", changes: { batchSize: 1, shareBatch: false } };
    expect(await train(2, single)).toEqual(await train(1, single));
  });
});

describe("a rank whose weights differ", () => {
  it("is named by all at the next pause, whatever made it", async () => {
    const argument = { problem: "images", root: join(folder, "changed"), changesWeights: true };
    const all = await support.ranks(program, 2, argument);
    for (const { exit, errors } of all) {
      expect(exit).toBe(1);
      expect(errors).toMatch(/the weights of rank 1 differ from rank 0: .* checkpoint/);
    }
  });
});

describe("a batch for too many ranks", () => {
  it("is refused by every rank: a batch with fewer rows than processes", async () => {
    const argument = { problem: "images", root: folder, changes: { batchSize: 2 } };
    const all = await support.ranks(program, 2, argument);
    for (const { exit, errors } of all) {
      expect(exit).toBe(1);
      expect(errors).toMatch(/a batch of 1 pairs cannot be shared by 2 processes/);
    }
  });
});

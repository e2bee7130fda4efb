// Known pairs through the driver: which rows a step trains on, with and without a cache.
import { type Method, methods, type Pairs } from "@dsbm/bridge";
import { arange, tensor, tidy } from "@dsbm/torch";
import { describe, expect, it } from "vitest";
import { scratch } from "../../../../test/support/scratch.js";
import { completeProblem } from "../src/complete-problem.js";
import { rowSource } from "../src/rows/source.js";
import type { Sampler } from "../src/sampler/sampler.js";
import { type Fields, tinyProblem } from "./support.js";

const folder = scratch();

const n = 60;
/** Rows (k, 0) at both ends; the first twenty rows of x0 belong to the last twenty of x1. */
const data = () => {
  const x = arange(0, n)
    .unsqueeze(1)
    .mul(tensor([1, 0]));
  const rows = Int32Array.from({ length: 20 }, (_, k) => k);
  return { x0: x, x1: x.clone(), pairs: { x0: rows, x1: rows.map((k) => n - 1 - k) } };
};

const onDisk = () => ({ folder, npar: 60, batchSize: 30, refreshStride: 5 });

/** Rows of x0 and x1 that batches of a half-iteration pair. */
function pairsOf(method: Method, changes: Fields, half = 1) {
  return tidy(() => {
    const problem = completeProblem(
      tinyProblem(method, { data: data(), batchSize: 20, ...changes }),
    );
    const source = rowSource({
      ...{ problem, half, refresh: () => {}, stepsLeft: () => 9 },
      sampler: {} as Sampler,
    });
    const rows: [number, number][] = [];
    for (let step = 1; step <= 6; step++) {
      if (source.due?.(step)) for (const _ of (source.make?.(step) ?? []) as Iterable<unknown>);
      const { x0, x1 } = source.batch(20) as Pairs;
      const partners = x1.select(1, 0).toNumbers();
      for (const [k, row] of x0.select(1, 0).toNumbers().entries())
        rows.push([row, partners[k] as number]);
    }
    source.dispose();
    return rows;
  });
}

describe("the pairs of the first pass", () => {
  it.each(["none", "disk"])("have the known ones among them, cache: %s", (cache) => {
    for (const method of [methods.dsbm, methods.sf2m, methods.alpha_dsbm, methods.sbcfm]) {
      const found = pairsOf(method, { cache: cache === "disk" ? onDisk() : null });
      for (const [a, b] of found) {
        if (a < 20) expect(b).toBe(n - 1 - a);
        else expect(b).toBeLessThan(40);
      }
      // Two passes over 60 rows, each once.
      expect(found.filter(([a]) => a < 20).length).toBe(40);
    }
  });

  it("are the pairs of every half-iteration without simulation", () => {
    const found = pairsOf(methods.sf2m, { firstPass: 1, halfIterations: 3, sequence: ["b"] }, 3);
    for (const [a, b] of found) if (a < 20) expect(b).toBe(n - 1 - a);
  });
});

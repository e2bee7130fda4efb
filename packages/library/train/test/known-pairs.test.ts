// Known pairs through the driver: which rows a step trains on, with and without a cache; and what is refused.
import { type Method, methods, type Pairs } from "@dsbm/bridge";
import { arange, type Tensor, tidy } from "@dsbm/torch";
import { describe, expect, it } from "vitest";
import { scratch } from "../../../../test/support/scratch.js";
import { complete } from "../src/problem.js";
import { rowSource } from "../src/rows/source.js";
import type { Sampler } from "../src/sampler/sampler.js";
import { type Fields, tiny, trained, weights } from "./support.js";

const folder = scratch();

const n = 60;
/** Row k at (k, 0) of x0 and at (k, 1) of x1; the first twenty rows of x0 belong to the last twenty of x1. */
const data = () => {
  const row = arange(0, n, { dtype: "float32" }).unsqueeze(1);
  return {
    x0: row.matmul(arange(1, -1, { step: -1, dtype: "float32" }).reshape([1, 2])),
    x1: row.matmul(arange(1, -1, { step: -1, dtype: "float32" }).reshape([1, 2])),
    pairs: {
      x0: Int32Array.from({ length: 20 }, (_, k) => k),
      x1: Int32Array.from({ length: 20 }, (_, k) => n - 1 - k),
    },
  };
};

const caches = () => ({
  none: null,
  disk: { folder, npar: 60, batchSize: 30, refreshStride: 5 },
});

/** Rows of x0 and x1 that batches of a half-iteration pair. */
function paired(method: Method, changes: Fields, half = 1): [number, number][] {
  return tidy(() => {
    const problem = complete(tiny(method, { data: data(), batchSize: 20, ...changes }));
    const source = rowSource({
      ...{ problem, half, refresh: () => {}, stepsLeft: () => 9 },
      sampler: {} as Sampler,
    });
    const found: [number, number][] = [];
    for (let step = 1; step <= 6; step++) {
      if (source.due(step)) for (const _ of source.make(step) as Iterable<unknown>);
      const { x0, x1 } = source.batch(20) as Pairs;
      const [a, b] = [x0, x1].map((t: Tensor) => t.select(1, 0).toNumbers()) as [
        number[],
        number[],
      ];
      a.forEach((row, k) => {
        found.push([row, b[k] as number]);
      });
    }
    source.dispose();
    return found;
  });
}

describe("the pairs of the first pass", () => {
  it.each(["none", "disk"] as const)("have the known ones among them, cache: %s", (cache) => {
    for (const method of [methods.dsbm, methods.sf2m, methods.alpha_dsbm, methods.sbcfm]) {
      const found = paired(method as Method, { cache: caches()[cache] });
      for (const [a, b] of found) {
        if (a < 20) expect(b).toBe(n - 1 - a);
        else expect(b).toBeLessThan(40);
      }
      // Two passes over 60 rows, each once.
      expect(found.filter(([a]) => a < 20).length).toBe(40);
    }
  });

  it("are those of every half-iteration where nothing is simulated", () => {
    const found = paired(methods.sf2m, { firstPass: 1, halfIterations: 3, sequence: ["b"] }, 3);
    for (const [a, b] of found) if (a < 20) expect(b).toBe(n - 1 - a);
  });
});

describe("training on known pairs", () => {
  const problem = (method: Method, changes: Fields = {}) =>
    tiny(method, { data: data(), batchSize: 20, steps: 7, firstPass: 2, ...changes });

  it("is not that on chance pairs, and not for methods without pairs", async () => {
    const learned = async (changes: Fields) =>
      weights(await trained(problem(methods.dsbm, { halfIterations: 1, ...changes })));
    const { pairs: _, ...free } = data();
    for (const firstCoupling of ["ind", "ref", "identity"] as const)
      expect(await learned({ firstCoupling })).not.toEqual(
        await learned({ firstCoupling, data: free }),
      );
  });
});

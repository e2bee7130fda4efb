// Pairs of several half-iterations whose simulated ends take the data's moments: in caches, epochs and online batches.
import { join } from "node:path";
import { type Method, methods } from "@dsbm/bridge";
import { setNumThreads, type Tensor, tidy } from "@dsbm/torch";
import { beforeEach, describe, expect, it } from "vitest";
import { scratch } from "../../../../test/support/scratch.js";
import type { Problem } from "../src/problem.js";
import { type Fields, tinyProblem, train, trainingOf } from "./support.js";

const folder = scratch();
beforeEach(() => setNumThreads(1));

/** How far the rows' means and deviations are from the data's, at most. */
const distance = (rows: Tensor, data: Tensor) =>
  tidy(() => {
    const std = (x: Tensor) => x.var({ dim: 0, correction: 0 }).sqrt();
    const mean = rows.mean(0).sub(data.mean(0)).abs().max().item();
    return Math.max(mean, std(rows).sub(std(data)).abs().max().item());
  });

/** A method that hands the ends that it simulates to `seen`. */
function watchRows(method: Method, seen: (end: "x0" | "x1", rows: Tensor) => void): Method {
  return {
    ...method,
    rows: {
      ...(method.rows as NonNullable<Method["rows"]>),
      make: (context) =>
        method.rows?.make({
          ...context,
          simulate: (direction, start, given) => {
            const end = context.simulate(direction, start, given);
            seen(direction === "f" ? "x1" : "x0", end);
            return end;
          },
        }) ?? {},
    },
  };
}

async function worstMoments(problem: (method: Method) => Problem, method: Method) {
  const found: number[] = [];
  const data: Record<string, Tensor> = {};
  const seen = (end: "x0" | "x1", rows: Tensor) => found.push(distance(rows, data[end]));
  const training = trainingOf(problem(watchRows(method, seen)));
  Object.assign(data, { x0: training.problem.data.x0, x1: training.problem.data.x1 });
  await train(training);
  expect(found.length).toBeGreaterThan(0);
  return Math.max(...found);
}

const { dsbm, alpha_dsbm, rectifiedflow } = methods;
const cases: [string, Method, Fields][] = [
  ["an epoch", dsbm, {}],
  [
    "a cache",
    dsbm,
    { cache: { folder: join(folder, "c"), npar: 96, batchSize: 96, refreshStride: 4 } },
  ],
  ["online batches", alpha_dsbm, { batchSize: 96, steps: 3 }],
  ["reflow", rectifiedflow, {}],
];

describe("the simulated ends of", () => {
  it.each(cases)("%s have the data's moments", async (_, method, changes) => {
    const options = { ...changes, halfIterations: 3, firstPass: 1, steps: changes.steps ?? 3 };
    const of = (matchMoments: boolean) =>
      worstMoments((m) => tinyProblem(m, { ...options, matchMoments }), method);
    expect(await of(true)).toBeLessThan(1e-4);
    // What networks of a few steps simulate is far from it.
    expect(await of(false)).toBeGreaterThan(0.05);
  });
});

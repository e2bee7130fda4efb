// Threads of a step, and whether ranks share its rows, follow from sizes.
import { methods } from "@dsbm/bridge";
import { getNumThreads, ones, setNumThreads } from "@dsbm/torch";
import { afterEach, describe, expect, it } from "vitest";
import { completeProblem } from "../src/complete-problem.js";
import { localRanks } from "../src/distributed/ranks.js";
import { planSteps } from "../src/step/step-plan.js";
import { type Fields, tinyProblem } from "./support.js";

afterEach(() => setNumThreads(1));

const pictures = { x0: ones([64, 1, 28, 28]), x1: ones([64, 1, 28, 28]) };
const plan = (parameters: number, fields: Fields = {}, saved = {}) => {
  const auto: Fields = { threads: "auto", simulateThreads: 4, ...fields };
  return planSteps(completeProblem(tinyProblem(methods.dsbm, auto)), parameters, saved);
};
const cache = { folder: "unused", npar: 64, batchSize: 32, refreshStride: 4 };

describe("the plan of steps", () => {
  it.each<[string, number, number, Fields]>([
    ["a small network", 1, 1e5, {}],
    ["a large one, with the next pairs simulated beside the training", 2, 7e7, {}],
    ["a larger one, whose pairs are on disk", 4, 7e6, { cache }],
    ["pictures", 4, 1e6, { data: pictures, cache }],
    ["pictures on three threads by the key", 3, 1e6, { data: pictures, threads: 3 }],
  ])("%s: %d threads", (_what, threads, parameters, fields) => {
    expect(plan(parameters, fields)).toEqual({ threads, sharesBatch: null });
    expect(getNumThreads()).toBe(threads);
  });

  it.each<[string, boolean, number, Fields]>([
    ["a batch of vectors", false, 1e6, {}],
    ["pictures", true, 1e6, { data: pictures }],
    ["pictures of a tiny network", false, 1e3, { data: pictures }],
    ["vectors by the key", true, 100, { shareBatch: true }],
  ])("two ranks share %s: %s", (_what, sharesBatch, parameters, fields) => {
    const ranks = { ...localRanks, size: 2 };
    expect(plan(parameters, { ranks, ...fields }).sharesBatch).toBe(sharesBatch);
  });

  it("is the plan of a saved state, unless a key changes it", () => {
    const saved = { threads: 2, sharesBatch: true };
    const ranks = { ...localRanks, size: 2 };
    expect(plan(100, { ranks }, saved)).toEqual(saved);
    expect(plan(100, { ranks, threads: 1, shareBatch: false }, saved)).toEqual({
      threads: 1,
      sharesBatch: false,
    });
  });
});

import { zeros } from "@dsbm/torch";
import { expect, test } from "vitest";
import { foldsFit } from "../src/leave-out/leave-out.js";
import { leaveOutSeconds } from "../src/leave-out/time.js";

test.each([
  { step: 0.01, seconds: 22.5 },
  { step: 0.14, seconds: 0 },
])("no time is kept for a leave-one-out of steps of $step s that would be skipped", (one) => {
  const course = { Dataset_between: ["b"], half_iterations: 4 };
  expect(leaveOutSeconds(course, true, 90, one.step)).toBe(one.seconds);
});

test.each([
  { what: "enough time", left: 400, rows: 100, fits: true },
  { what: "too little time", left: 150, rows: 100, fits: false },
  { what: "a table too large for folds", left: 150, rows: 300, fits: true },
])("a cross-validation of 1,000 steps in $what is planned: $fits", ({ left, rows, fits }) => {
  const config = { pairs: null, weights: null, batch_size: 32, num_iter: 1000, half_iterations: 4 };
  const train = zeros([rows, 2]);
  const datasets = {
    x0: { train },
    x1: { train },
    columns: { condition: null },
    projection: null,
    rows: null,
  };
  const time = { clock: { left }, limit: { reserve: 20 }, trainingSeconds: 100, step: 0.01 };
  const run = { config, datasets, time } as unknown as Parameters<typeof foldsFit>[0];
  expect(foldsFit(run)).toBe(fits);
  train.dispose();
});

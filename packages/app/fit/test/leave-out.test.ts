import { expect, test } from "vitest";
import { leaveOutSeconds } from "../src/leave-out/time.js";

test.each([
  { step: 0.01, seconds: 22.5 },
  { step: 0.14, seconds: 0 },
])("no time is kept for a leave-one-out of steps of $step s that would be skipped", (one) => {
  const course = { Dataset_between: ["b"], half_iterations: 4 };
  expect(leaveOutSeconds(course, true, 90, one.step)).toBe(one.seconds);
});

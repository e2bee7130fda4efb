// The plan of the time: on a clock of its own, on machines whose speed changes, and after a stop.
import { expect, test } from "vitest";
import { Pace } from "../src/forecast/pace.js";

/** Half-iterations of a machine: `speed` gives the seconds of a step at a time. Returns when it ends, and the steps. */
function simulated(speed: (now: number) => number, { seconds = 600, step = 0.01 } = {}) {
  let now = 0;
  const steps = new Map<number, number>();
  const training = {
    plan: (half: number, n: number) => void steps.set(half, n),
    stepsOf: (half: number) => steps.get(half) as number,
  };
  const pace = new Pace({
    ...{ seconds, reserve: 30, halves: 4, first: 2, most: 1e9, stride: 200, earlyStop: false },
    ...{ step: { first: step, later: step }, now: () => now },
  });
  for (let half = 1; half <= 4; half++) {
    pace.begin(training, half);
    for (let i = 1; i <= training.stepsOf(half); i++) {
      now += speed(now);
      if (pace.due()) pace.replan(training, { half, step: i });
    }
    pace.follow({ type: "half", half, direction: "f", seconds: 0, loss: 0 });
    now += 2;
    pace.evaluated();
  }
  return { end: now, steps: [...steps.values()] };
}

test.each([
  ["as it was measured", () => 0.01],
  ["ten times slower than measured", () => 0.1],
  ["ten times faster than measured", () => 0.001],
  ["that slows down in the middle", (now: number) => (now < 250 ? 0.01 : 0.05)],
  ["that comes and goes", (now: number) => (now % 100 < 50 ? 0.01 : 0.04)],
])("a run ends in time on a machine %s", (_name, speed) => {
  const { end, steps } = simulated(speed);
  expect(end).toBeGreaterThan(0.9 * 570);
  expect(end).toBeLessThan(1.05 * 570);
  expect(steps.every((n) => n >= 20)).toBe(true);
});

const options = { seconds: 100, reserve: 10, halves: 6, first: 2, most: 1000, stride: 10 };
const made = (earlyStop = true, now = () => 0) =>
  new Pace({ ...options, earlyStop, step: { first: 0.01, later: 0.02 }, now });
const row = (half: number, sliced_w2: number) => ({ half_iteration: half, sliced_w2 });

test("a forecast keeps to the time and to the most steps that help", () => {
  const steps = made().forecast();
  expect(steps).toEqual([1000, 1000, 562, 562, 562, 562]);
});

test("seconds of earlier processes count", () => {
  const pace = made();
  pace.resume(60);
  expect(pace.seconds).toBe(60);
  expect(pace.forecast()[5]).toBe(187);
});

test("it ends early where the last iteration is no better, and only then", () => {
  const better = [row(1, 1), row(2, 1), row(3, 0.5), row(4, 0.5)];
  const same = [row(1, 1), row(2, 1), row(3, 1), row(4, 1)];
  expect(made().ended(better, 4)).toBeNull();
  expect(made().ended(same, 4)).toMatch(/no better/);
  expect(made().ended(same, 3)).toBeNull();
  expect(made(false).ended(same, 4)).toBeNull();
});

test("time for evaluations is kept before one was measured", () => {
  const options = { reserve: 20, halves: 4, first: 2, most: 1e9, stride: 200, earlyStop: false };
  const step = { first: 0.1, later: 0.1 };
  const steps = (evaluation: number) => {
    const pace = new Pace({ ...options, seconds: 120, step, evaluation, now: () => 0 });
    return pace.forecast().reduce((sum, n) => sum + n, 0);
  };
  // 100 s for training, less four evaluations, ten steps a second.
  expect(steps(0)).toBeCloseTo(1000, -1);
  expect(steps(10)).toBeCloseTo(600, -1);
});

test("the least time is what the fewest steps take, and the end", () => {
  // 2 half-iterations of 20 steps of 0.01 s, 4 of 0.02 s, and the end.
  expect(made().least).toBeCloseTo(2 * 0.2 + 4 * 0.4 + 10, 9);
});

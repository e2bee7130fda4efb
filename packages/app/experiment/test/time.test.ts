// Steps within a limit: on a clock of its own, on machines whose speed changes, and after a stop.
import { loadDatasets } from "@dsbm/datasets";
import { trainingProblem } from "@dsbm/problem";
import { Clock } from "@dsbm/runs";
import { expect, test, vi } from "vitest";
import { trainConfig } from "../../../../test/support/problem.js";
import { scratch } from "../../../../test/support/scratch.js";
import { measureSpeed } from "../src/forecast/speed.js";
import { TimePlan } from "../src/forecast/time-plan.js";

const config = {
  half_iterations: 4,
  fb_sequence: ["b" as const, "f" as const],
  first_pass: 2,
  cache: "disk" as const,
  cache_npar: 10,
  test_npar: 1,
  cache_refresh_stride: 20,
};
/** Half-iterations of a machine: `speed` gives the seconds of a step at a time. Returns when it ends, and the steps. */
function simulateRun(speed: (now: number) => number, { seconds = 600, step = 0.01 } = {}) {
  let now = 0;
  const steps = new Map<number, number>();
  const training = {
    setSteps: (half: number, n: number) => void steps.set(half, n),
    stepsOf: (half: number) => steps.get(half) as number,
  };
  const limit = {
    clock: new Clock(seconds, { now: () => now }),
    reserve: 30,
    mostSteps: () => 1e9,
  };
  const plan = new TimePlan(limit, config, { step, pair: 0 });
  for (let half = 1; half <= 4; half++) {
    plan.begin(training, half);
    plan.follow({ type: "simulate", half, direction: "f", seconds: 0 });
    for (let i = 1; i <= training.stepsOf(half); i++) {
      now += speed(now);
      plan.stepped();
      // Nothing is planned after the last step.
      if (i < training.stepsOf(half) && plan.isDue()) plan.replan(training, { half, step: i });
    }
    now += 2;
    plan.evaluated(2, new Clock());
  }
  return { end: now, steps: [...steps.values()], tooFew: plan.tooFewSteps(training, 4) };
}

test.each([
  ["as it was measured", () => 0.01],
  ["ten times slower than measured", () => 0.1],
  ["ten times faster than measured", () => 0.001],
  ["that slows down in the middle", (now: number) => (now < 250 ? 0.01 : 0.05)],
  ["that comes and goes", (now: number) => (now % 100 < 50 ? 0.01 : 0.04)],
])("a run ends in time on a machine %s", (_name, speed) => {
  const { end, steps, tooFew } = simulateRun(speed);
  expect(end).toBeGreaterThan(0.9 * 570);
  expect(end).toBeLessThan(1.05 * 570);
  expect(steps.every((n) => n >= 20)).toBe(true);
  expect(tooFew).toEqual([]);
});

test("a half-iteration ends with its next step when its time is up, and few steps are told by direction", () => {
  const { end, steps, tooFew } = simulateRun(() => 2, { seconds: 100 });
  expect(end).toBeLessThan(110);
  expect(Math.min(...steps)).toBeLessThan(20);
  const [b, f] = [steps[0] + steps[2], steps[1] + steps[3]];
  expect(b + f).toBeLessThan(40);
  expect(tooFew).toContainEqual({ direction: f < b ? "f" : "b", steps: Math.min(b, f) });
});

const sixHalves = { ...config, half_iterations: 6, cache_npar: 1, cache_refresh_stride: 10 };

/** A plan of six half-iterations: steps of 0.01 s, and of 0.02 s with their part of the simulations. */
const planOf = ({ pair = 0.1, test_npar = 0, ...limit } = {}) =>
  new TimePlan(
    {
      clock: new Clock(100, { now: () => 0 }),
      reserve: 10,
      mostSteps: () => 1000,
      ...limit,
    },
    { ...sixHalves, test_npar },
    { step: 0.01, pair },
  );

test("a forecast keeps to the time and to the most steps that help", () =>
  expect(planOf().forecast()).toEqual([1000, 1000, 562, 562, 562, 562]));

test("seconds of earlier processes count", () => {
  const plan = planOf();
  plan.resume(60);
  expect(plan.forecast()[5]).toBe(187);
});

test("time for evaluations is kept before one is measured", () =>
  expect(planOf({ test_npar: 20 }).forecast()[5]).toBe(487));

test.each([
  { pair: 0.1, part: 2.5, isMeasured: false },
  { pair: 1, part: null, isMeasured: false },
  { pair: 0.1, part: null, isMeasured: true },
])("evaluations above their share of the time, of $pair s a sample, wait for the end", (one) => {
  const plan = planOf({ pair: one.pair });
  if (one.isMeasured) plan.evaluated(4, plan.evaluationClock() as Clock);
  expect(plan.evaluationClock()?.seconds ?? null).toBe(one.part);
});

test("evaluations wait for the end while other programs use the processors", () => {
  const plan = planOf();
  const now = vi.spyOn(performance, "now").mockReturnValue(1e9);
  expect(plan.evaluationClock()).toBeNull();
  now.mockRestore();
});

test("a signal ends the measurement of the speed", async () => {
  const config = trainConfig("dataset=moons", "threads=1");
  const problem = trainingProblem(config, loadDatasets(config), { cacheFolder: scratch() });
  const stopped = measureSpeed(problem, new Clock(), AbortSignal.abort());
  await expect(stopped).rejects.toThrow("aborted");
});

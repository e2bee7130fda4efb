// The learning rate in closed form: warm-up, a half cosine wave, and a change of the number of steps.
import { methods } from "@dsbm/bridge";
import { expect, it } from "vitest";
import { completeProblem } from "../src/complete-problem.js";
import { StepSchedule } from "../src/step/step-schedule.js";
import { type Fields, tinyProblem } from "./support.js";

const schedule = (steps: number, fields: Fields) =>
  new StepSchedule(
    steps,
    completeProblem(tinyProblem(methods.dsbm, { lr: 1, ...fields })).optimisation,
  );

/** The rates of all steps; null if the rate before stays. */
function ratesOf(one: StepSchedule) {
  const rates: (number | null)[] = [];
  for (; one.step < one.steps; one.step++) rates.push(one.nextRate);
  return rates;
}

it("stays at lr, after a warm-up if there is one", () => {
  expect(ratesOf(schedule(3, {}))).toEqual([1, null, null]);
  expect(ratesOf(schedule(6, { lrWarmup: 4 }))).toEqual([0.25, 0.5, 0.75, 1, 1, null]);
});

it("falls along half a cosine wave", () => {
  const wave = [0, 1, 2, 3].map((k) => (1 + Math.cos((Math.PI * k) / 4)) / 2);
  expect(ratesOf(schedule(4, { lrSchedule: "cosine" }))).toEqual(wave);
});

it("continues to the same end if the number of steps changes", () => {
  const one = schedule(8, { lrSchedule: "cosine" });
  one.step = 4;
  const before = one.nextRate;
  one.resize(6);
  expect(one.nextRate).toBe(before);
  expect(one.resized).toEqual({ step: 4, progress: 0.5 });
  one.step = 5;
  expect(one.nextRate).toBeCloseTo((1 + Math.cos(Math.PI * 0.75)) / 2, 12);
  one.resize(2);
  expect(one.steps).toBe(5);
});

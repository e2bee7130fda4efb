// The time of a fit: the parts for training, evaluation and report.
import { imageEvaluationSeconds } from "@dsbm/evaluation";
import { evaluationShare, type Speed, TimePlan } from "@dsbm/experiment";
import { stepsOf } from "@dsbm/problem";
import { Clock } from "@dsbm/runs";
import type { DataFacts } from "./facts.js";
import { leaveOutSeconds } from "./leave-out/time.js";
import type { FitConfiguration } from "./request.js";
import { largestSteps, methodOf } from "./rules/iterations.js";

/** Largest share of the time for the final evaluation. */
export const largestEndShare = 0.35;
/** Seconds of the final evaluation and the report of vectors. */
const usualEndSeconds = 20;

/** Seconds of the simulations for the final evaluation. */
function endSimulations(
  { test_npar }: FitConfiguration["config"],
  { shape, heldOut }: DataFacts,
  { pair }: Speed,
  all: number,
): number {
  // There and back, in both directions.
  if (shape.length === 1) return Math.min(4 * test_npar * pair, evaluationShare * all);
  // A verdict needs the held-out images.
  const images = Math.min(...heldOut, test_npar);
  return imageEvaluationSeconds(images, pair) / endEvaluationShare;
}

interface TimeFacts extends Pick<TimePlan["limit"], "reserve" | "mostSteps"> {
  speed: Speed;
  /** Start of the run in seconds of performance.now(). */
  began: number;
}

/** The time plan of a configuration at a speed of the machine. */
export function timePlan(
  { config, own }: FitConfiguration,
  { speed, began, ...limit }: TimeFacts,
): TimePlan {
  const seconds = own.max_minutes === null ? null : 60 * own.max_minutes;
  const clock = new Clock(seconds, { began });
  return new TimePlan({ ...limit, clock }, config, speed);
}

/** The share of the reserve that the final evaluation takes; the rest is for work that has begun. */
export const endEvaluationShare = 0.7;

/** The most steps of each half-iteration: what the user gave for `num_iter` and `first_num_iter`, else `most`. */
export function mostSteps(
  { config, isGiven }: { config: FitConfiguration["config"]; isGiven: (key: string) => boolean },
  most: number,
): TimePlan["limit"]["mostSteps"] {
  return (half) => {
    const isFirst = half <= config.fb_sequence.length;
    const isGivenHere = isGiven("num_iter") || (isFirst && isGiven("first_num_iter"));
    return isGivenHere ? stepsOf(half, config) : most;
  };
}

interface ForecastFacts extends Pick<TimeFacts, "speed" | "began"> {
  facts: DataFacts;
  /** Whether the user gave a value for a key. */
  isGiven(key: string): boolean;
}

/** Plans the time of a run from the speed of this machine. */
export function forecastTime(
  configuration: FitConfiguration,
  { facts, speed, began, isGiven }: ForecastFacts,
): TimePlan {
  const { config, own } = configuration;
  const all = own.max_minutes === null ? Number.POSITIVE_INFINITY : 60 * own.max_minutes;
  const leftOut = leaveOutSeconds(config, own.loo, all, speed.step);
  const simulations = endSimulations(config, facts, speed, all);
  const isGrowthCourse = methodOf(config).mass && facts.rows.length > 2;
  const largest = largestSteps(Math.min(...facts.rows), config.batch_size, isGrowthCourse);
  const end = Math.min(usualEndSeconds + simulations, largestEndShare * (all - leftOut));
  return timePlan(configuration, {
    speed,
    began,
    reserve: leftOut + end,
    mostSteps: mostSteps({ config, isGiven }, largest),
  });
}

// The time of a fit: the parts for training, evaluation and report.
import { evaluationShare, type Speed, TimePlan } from "@dsbm/experiment";
import { Clock } from "@dsbm/runs";
import type { DataFacts } from "./facts.js";
import { leaveOutSeconds } from "./leave-out/time.js";
import type { FitConfiguration } from "./request.js";
import { largestSteps, methodOf } from "./rules/iterations.js";

/** Largest share of the time for the final evaluation. */
const largestEndShare = 0.35;
/** Seconds of the final evaluation and the report of vectors. */
const usualEndSeconds = 20;

interface TimeFacts extends Pick<TimePlan["limit"], "reserve" | "most"> {
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

/** Plans the time of a run from the speed of this machine. */
export function forecastTime(
  configuration: FitConfiguration,
  { facts, speed, began }: { facts: DataFacts; speed: Speed; began: number },
): TimePlan {
  const { config, own } = configuration;
  const all = own.max_minutes === null ? Number.POSITIVE_INFINITY : 60 * own.max_minutes;
  const leftOut = leaveOutSeconds(config, own.loo, all, speed.step);
  // There and back, in both directions.
  const simulations = Math.min(4 * config.test_npar * speed.pair, evaluationShare * all);
  const end = Math.min(usualEndSeconds + simulations, largestEndShare * (all - leftOut));
  return timePlan(configuration, {
    speed,
    began,
    reserve: leftOut + end,
    most: largestSteps(
      Math.min(...facts.rows),
      config.batch_size,
      methodOf(config).mass && facts.rows.length > 2,
    ),
  });
}

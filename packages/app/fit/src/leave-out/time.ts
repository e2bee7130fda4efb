// The time of leave-one-out and of cross-validation.
import type { CompleteTrainConfig, FitConfig } from "@dsbm/config";

/** The share of the time limit, and of a course's steps without a time limit. */
export const leaveOutShare = 0.25;
/** The share of the time of one part that trains; the rest evaluates. */
export const trainingShare = 0.7;
/** The fewest seconds of one part. */
const leastSeconds = 10;
/** The fewest steps of a half-iteration without an inner dataset. */
export const leastSteps = 100;

/** A configuration of a course. */
export type CourseConfig = Pick<CompleteTrainConfig, "Dataset_between" | "half_iterations">;

/** The inner datasets of a course. */
export const innerDatasets = ({ Dataset_between }: CourseConfig): number =>
  Dataset_between?.length ?? 0;

/** Whether `each` seconds suffice to train without one dataset, at `step` seconds a step. */
export const isEnough = (
  { half_iterations }: CourseConfig,
  each: number,
  step: number,
  steps: number = leastSteps,
): boolean => each >= leastSeconds && trainingShare * each >= steps * step * half_iterations;

/** Seconds of `all` that leave-one-out takes at `step` seconds a step; 0 if it is not wanted, or too few. */
export function leaveOutSeconds(
  config: CourseConfig,
  loo: FitConfig["loo"],
  all: number,
  step: number,
): number {
  const n = innerDatasets(config);
  if (loo === false || n === 0 || !Number.isFinite(all)) return 0;
  const seconds = (loo === "full" ? n / (n + 1) : leaveOutShare) * all;
  return isEnough(config, seconds / n, step) ? seconds : 0;
}

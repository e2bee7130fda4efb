import { type Position, stepsBefore } from "@dsbm/problem";
import type { Training } from "@dsbm/train";

/** The half-iterations of a training. */
export const halvesOf = (training: Training): number => training.problem.schedule.halfIterations;

/** Training steps before a position, over all half-iterations. */
export const trainedSteps = (training: Training, at: Pick<Position, "half" | "step">): number =>
  stepsBefore(at, (half) => training.stepsOf(half));

/** Training steps of all half-iterations. */
export const allSteps = (training: Training): number =>
  trainedSteps(training, { half: halvesOf(training) + 1, step: 0 });

/** A position in a line: half-iteration 1/4 b. */
export const positionLabel = (
  training: Training,
  { half, direction }: Pick<Position, "half" | "direction">,
): string => `half-iteration ${half}/${halvesOf(training)} ${direction}`;

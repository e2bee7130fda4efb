// Positions of a run: half-iterations, their steps and the names of checkpoints.
import type { Direction } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";

type Sequence = Pick<CompleteTrainConfig, "fb_sequence">;
type Steps = Sequence & Pick<CompleteTrainConfig, "first_num_iter" | "num_iter">;

function iterationOf(half: number, { fb_sequence }: Sequence): number {
  return Math.ceil(half / fb_sequence.length);
}

/** Training steps of a half-iteration, counted from 1. */
export function stepsOf(half: number, config: Steps): number {
  return iterationOf(half, config) <= 1 ? config.first_num_iter : config.num_iter;
}

/**
 * The position of a run: `half` is the half-iteration in progress or just finished, `step` its
 * finished steps.
 */
export interface Position {
  half: number;
  direction: Direction;
  step: number;
}

/** The name of the checkpoint at a position: it0002_f_step00005000. */
export function checkpointId({ half, direction, step }: Position, config: Sequence): string {
  const iteration = String(iterationOf(half, config)).padStart(4, "0");
  return `it${iteration}_${direction}_step${String(step).padStart(8, "0")}`;
}

/** Training steps before a position, over all half-iterations. */
export function stepsBefore(
  { half, step }: Pick<Position, "half" | "step">,
  steps: (half: number) => number,
): number {
  let total = step;
  for (let h = 1; h < half; h++) total += steps(h);
  return total;
}

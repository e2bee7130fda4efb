// How half-iterations and iterations are counted: flows have one field for both ways, bridges train each way in turn.
import type { Direction } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";

type Method = Pick<CompleteTrainConfig, "method">;
type Sequence = Pick<CompleteTrainConfig, "fb_sequence">;

/** Whether one field serves both directions (rectified flow). */
export function isFlow({ method }: Method): boolean {
  return method === "rectifiedflow";
}

/** The directions that an iteration trains, in order. */
export function sequenceOf({ fb_sequence }: Sequence): readonly Direction[] {
  return fb_sequence;
}

/** The iteration, from 1, that a half-iteration belongs to. */
export function iterationOf(half: number, config: Sequence): number {
  return Math.ceil(half / sequenceOf(config).length);
}

/** Training steps of a half-iteration. */
export function stepsOf(
  half: number,
  config: Pick<CompleteTrainConfig, "fb_sequence" | "first_num_iter" | "num_iter">,
): number {
  return iterationOf(half, config) <= 1 ? config.first_num_iter : config.num_iter;
}

/** Where a run is: `half` is the half-iteration in progress or just done, `step` the steps done of it. */
export interface Position {
  half: number;
  direction: Direction;
  step: number;
}

/** The name of the point at a position: it0002_f_step00005000. */
export function pointId({ half, direction, step }: Position, config: CompleteTrainConfig): string {
  const iteration = String(iterationOf(half, config)).padStart(4, "0");
  return `it${iteration}_${direction}_step${String(step).padStart(8, "0")}`;
}

/** Training steps before a position, over all half-iterations. */
export function stepsBefore(
  { half, step }: Pick<Position, "half" | "step">,
  config: CompleteTrainConfig,
): number {
  let total = step;
  for (let h = 1; h < half; h++) total += stepsOf(h, config);
  return total;
}

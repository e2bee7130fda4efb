// The part of an evaluation that images show, and its paths.
import { mapConditions } from "@dsbm/bridge";
import { type Evaluation, keepOnProcessor } from "@dsbm/evaluation";
import type { RunWriter } from "@dsbm/runs";
import { type Tensor, tidy } from "@dsbm/torch";

/** Where the images of an evaluation are written. */
export interface EvaluationFiles {
  /** The beginning of the files' names. */
  id: string;
  run: Pick<RunWriter, "paths" | "saveFile">;
}

/** An evaluation whose samples are drawn. */
export type DrawnEvaluation = Pick<Evaluation, "at" | "set" | "context">;

/** At most the first n rows [n, …]. */
export const firstRows = (rows: Tensor, n: number): Tensor =>
  rows.narrow(0, 0, Math.min(n, rows.size(0)));

/** Paths of the first `n` source rows: states [T, n, …] on the processor, and mean masses. */
export async function pathsOf({ set, context }: DrawnEvaluation, n: number) {
  const { direction, sampling, sourceRows, conditions } = set;
  const { solver, grid, ode_tol = null, ode_step_size = null } = sampling;
  const rows = firstRows(sourceRows, n);
  const { states, times, weights } = await context.subject.bridge.paths(rows, {
    direction,
    solver,
    grid,
    ode_tol,
    ode_step_size,
    seed: context.options.seed,
    conditions: mapConditions(conditions, (t) => firstRows(t, rows.size(0))),
    purpose: `quality/${direction}/there`,
  });
  const masses = weights && tidy(() => weights.mean(1).toNumbers());
  const onProcessor = keepOnProcessor(() => states);
  for (const t of [states, weights]) t?.dispose();
  return { states: onProcessor, times, masses };
}

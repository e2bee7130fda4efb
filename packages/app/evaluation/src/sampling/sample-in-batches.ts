import {
  type Conditions,
  type Direction,
  mapConditions,
  rowsByMass,
  type TimeGrid,
} from "@dsbm/bridge";
import type { Bridge, RunSampleOptions } from "@dsbm/inference";
import { cat, type Tensor, tidy } from "@dsbm/torch";
import { timesOf } from "@dsbm/train";
import type { MeasurementContext } from "../metric.js";
import { disposeAll, keepOnProcessor } from "../tensors.js";

/** How rows are sampled. */
export interface Sampling extends Pick<RunSampleOptions, "ode_tol" | "ode_step_size"> {
  solver: NonNullable<RunSampleOptions["solver"]>;
  grid: TimeGrid;
  /** Rows at a time (default: all). */
  batch?: number;
}

interface SampleInBatchesOptions {
  sampling: Sampling;
  seed: number;
  purpose: string;
  conditions: Conditions | undefined;
  label: string;
  progress: MeasurementContext["options"]["progress"];
  signal: AbortSignal | undefined;
  /** Called with each state of a batch. The state is freed afterwards. */
  visit?: VisitState | undefined;
  /** Whether `visit` gets the energies of steps. */
  energies?: boolean;
}

/** Gets state [n, …] of step k, masses [n] of a method with growth, and energies [n] of the step before it. */
export type VisitState = (
  k: number,
  state: Tensor,
  tensors: { weights: Tensor | null; energies: Tensor | null },
) => void;

/** Samples that a bridge generated. */
interface SampledBatches {
  /** [n, …] on the processor; the caller owns it. */
  end: Tensor;
  /** Masses [n] at the endpoint of a method with growth; the caller owns them. */
  weights: Tensor | null;
  /** Network evaluations per row. */
  nfe: number;
  batches: number;
}

/** Samples the other endpoint of rows x [n, …], batch by batch. Returns null if `signal` stopped it. */
export async function sampleInBatches(
  bridge: Bridge,
  direction: Direction,
  x: Tensor,
  { sampling, seed, purpose, visit, energies, conditions, ...options }: SampleInBatchesOptions,
): Promise<SampledBatches | null> {
  const { batch = x.size(0), solver, grid, ode_tol = null, ode_step_size = null } = sampling;
  const { label, progress, signal } = options;
  const ends: Tensor[] = [];
  const masses: Tensor[] = [];
  let evaluations = 0;
  try {
    for (let first = 0; first < x.size(0); first += batch) {
      progress.update({ label, step: first, steps: x.size(0) });
      const cut = (t: Tensor) => t.narrow(0, first, Math.min(batch, x.size(0) - first)).keep();
      const rows = tidy(() => ({ x: cut(x), conditions: mapConditions(conditions, cut) }));
      const samples = await bridge
        .sample(rows.x, {
          solver,
          grid,
          ode_tol,
          ode_step_size,
          direction,
          seed,
          purpose,
          first,
          conditions: rows.conditions,
          signal,
          evenChunks: true,
          ...(visit && {
            energies,
            onState: (state, { k, ...tensors }) => visit(k, state, tensors),
          }),
        })
        .finally(() => disposeAll([rows.x, ...Object.values(rows.conditions ?? {})]));
      ends.push(samples.x);
      if (samples.weights) masses.push(samples.weights);
      evaluations += samples.nfe * Math.min(batch, x.size(0) - first);
    }
    return {
      end: keepOnProcessor(() => cat(ends)),
      weights: masses.length > 0 ? keepOnProcessor(() => cat(masses)) : null,
      nfe: evaluations / x.size(0),
      batches: ends.length,
    };
  } catch (error) {
    if (signal?.aborted && error === signal.reason) return null;
    throw error;
  } finally {
    disposeAll([...ends, ...masses]);
  }
}

/** Samples [n, …] drawn by mass. */
export const byMass = (x: Tensor, weights: Tensor | null): Tensor =>
  weights ? x.indexSelect(0, rowsByMass(weights)) : x;

/** The index of a process time in a grid. */
export const stepAt = (times: readonly number[], time: number): number =>
  times.findIndex((t) => Math.abs(t - time) < 1e-9);

/**
 * The step of a direction's state at half of the time, or at the nearest time of the grid, the same for both directions. [] for
 * adaptive solvers, which would take other steps.
 */
export function middleSteps({
  direction,
  sampling: { grid, solver },
}: {
  direction: Direction;
  sampling: Pick<Sampling, "grid" | "solver">;
}): number[] {
  if (solver !== "sde") return [];
  const distance = (t: number) => Math.abs(t - 0.5);
  const time = grid.times.reduce((best, t) => (distance(t) < distance(best) ? t : best));
  return [stepAt(timesOf(direction, grid), time)];
}

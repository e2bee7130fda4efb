// Samples along the probability flow.
import { type Direction, type flowSolvers, mapConditions, type TimeGrid } from "@dsbm/bridge";
import { cat, noGrad, type Tensor, tidy } from "@dsbm/torch";
import {
  type FlowStateOptions,
  type FlowStates,
  isInterrupted,
  type SamplingOptions,
} from "./options.js";
import { timesOf } from "./times.js";

interface FlowContext extends SamplingOptions {
  solver: keyof typeof flowSolvers;
  direction: Direction;
  grid: TimeGrid;
  /** Rows of one system of an adaptive solver. */
  systemRows: number;
  flow: (x: Tensor, options: FlowStateOptions) => FlowStates;
}

/** Samples x [n, …] along the flow. Returns the network evaluations, summed over rows; null if aborted. */
export async function sampleFlow(
  x: Tensor,
  { solver, direction, ...context }: FlowContext,
): Promise<number | null> {
  const { grid, conditions, path = false, signal, onState, flow, systemRows, ...options } = context;
  const n = x.size(0);
  const stops = timesOf(direction, grid);
  const times = path ? stops : [stops[0], stops.at(-1)!];
  // Fixed steps belong to a row; dopri5 chooses steps for the rows of one system.
  const batchRows = solver === "dopri5" ? systemRows : n;
  const parts: Tensor[] = [];
  let evaluations = 0;
  try {
    for (let at = 0; at < n; at += batchRows) {
      if (await isInterrupted(signal)) return null;
      const rows = Math.min(batchRows, n - at);
      const cut = (t: Tensor) => t.narrow(0, at, rows);
      const { states, nfe } = noGrad(() =>
        tidy(() => {
          const flowOptions = { solver, times, conditions: mapConditions(conditions, cut) };
          const result = flow(cut(x), { ...options, ...flowOptions });
          return { states: result.states.keep(), nfe: result.nfe };
        }),
      );
      parts.push(states);
      evaluations += nfe * rows;
    }
    const indices = path ? [...times.keys()] : [times.length - 1];
    for (const [i, k] of indices.entries()) {
      const state = tidy(() => cat(parts.map((states) => states.select(0, k))).keep());
      try {
        await onState(i, state, null);
      } finally {
        state.dispose();
      }
    }
    return evaluations;
  } finally {
    for (const t of parts) t.dispose();
  }
}

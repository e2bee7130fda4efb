// Samples and flows through all intervals of a chain of datasets.
import {
  type Chain,
  type Conditions,
  type Direction,
  gridsWithin,
  type Interval,
  inInterval,
  inOrder,
  type TimeGrid,
} from "@dsbm/bridge";
import { cat, type Tensor, tidy } from "@dsbm/torch";
import type { FlowStateOptions, FlowStates, SamplingOptions } from "./options.js";

/** An interval in the order of a direction: its grid, and the steps taken before it. */
interface IntervalLeg {
  interval: Interval;
  grid: TimeGrid;
  steps: number;
  before: number;
}

function intervalLegs(chain: Chain, direction: Direction, whole: TimeGrid): IntervalLeg[] {
  const grids = gridsWithin(chain, whole);
  let before = 0;
  return inOrder(chain, direction).flatMap((interval) => {
    const grid = grids[interval.index];
    if (!grid) return [];
    const leg = { interval, grid, steps: grid.steps.length, before };
    before += leg.steps;
    return leg;
  });
}

interface ChainRoute {
  chain: Chain;
  direction: Direction;
  grid: TimeGrid;
  conditions: Conditions | undefined;
}

/**
 * States of the flow [T, n, …] at times of the whole process, the start first, and its evaluations.
 */
export function flowThrough(
  x: Tensor,
  { chain, direction, conditions }: Omit<ChainRoute, "grid">,
  { times, ...options }: FlowStateOptions & { times: readonly number[] },
  within: (x: Tensor, options: FlowStateOptions) => FlowStates,
): FlowStates {
  const forward = direction === "f";
  const states: Tensor[] = [x.unsqueeze(0)];
  let y = x;
  let nfe = 0;
  let at = times[0];
  const last = times.at(-1)!;
  for (const interval of inOrder(chain, direction)) {
    const { from, length, unit } = interval;
    const end = forward ? Math.min(from + length, last) : Math.max(from, last);
    const ahead = (t: number, than: number) => (forward ? t > than + 1e-9 : t < than - 1e-9);
    if (!ahead(end, at)) continue;
    const inside = times.filter((t) => ahead(t, at) && !ahead(t, end));
    const isExtra = inside.length === 0 || ahead(end, inside.at(-1)!);
    const stops = [at, ...inside, ...(isExtra ? [end] : [])];
    const start = y.div(unit);
    const flow = within(start, {
      ...options,
      conditions: inInterval(interval, start, conditions),
      times: stops.map((t) => Math.min(1, Math.max(0, (t - from) / length))),
    });
    nfe += flow.nfe;
    const scaled = flow.states.mul(unit);
    if (inside.length > 0) states.push(scaled.narrow(0, 1, inside.length));
    y = scaled.select(0, -1);
    at = end;
  }
  return { states: cat(states), nfe };
}

/**
 * `Sampler.sample` from x [n, …] through all intervals, each of which has noise of its own. Returns the network
 * evaluations, summed over rows; null if aborted.
 */
export async function sampleThrough(
  x: Tensor,
  { chain, direction, grid, conditions }: ChainRoute,
  options: SamplingOptions,
  within: (x: Tensor, options: SamplingOptions) => Promise<number | null>,
): Promise<number | null> {
  const { path = false, purpose = direction, onState } = options;
  let y = x;
  let evaluations = 0;
  if (path) await onState(0, x, null);
  try {
    for (const leg of intervalLegs(chain, direction, grid)) {
      const { interval } = leg;
      const from = y;
      const start = tidy(() => from.div(interval.unit).keep());
      const inside = inInterval(interval, start, conditions);
      const end: { state: Tensor | null } = { state: null };
      const result = await within(start, {
        ...options,
        grid: leg.grid,
        conditions: inside,
        purpose: `${purpose}/${interval.index}`,
        onState: (k, state, energies) =>
          passState(leg, k, { state, energies }, { path, onState, end }),
      });
      start.dispose();
      inside.interval?.dispose();
      if (y !== x) y.dispose();
      y = end.state ?? x;
      if (result === null) return null;
      evaluations += result;
    }
    if (!path) await onState(0, y, null);
    return evaluations;
  } finally {
    if (y !== x) y.dispose();
  }
}

/**
 * Passes a state of an interval on in the units of the whole process, and keeps the last state in `end`. Energies are the
 * same in both: the unit is the root of the length.
 */
async function passState(
  { interval, steps, before }: IntervalLeg,
  k: number,
  { state, energies }: { state: Tensor; energies: Tensor | null },
  {
    path,
    onState,
    end,
  }: Required<Pick<SamplingOptions, "path" | "onState">> & {
    end: { state: Tensor | null };
  },
): Promise<void> {
  const there = tidy(() => state.mul(interval.unit).keep());
  try {
    // An interval begins where the one before ended, and the first one at x.
    if (path && k > 0) await onState(before + k, there, energies);
  } finally {
    if (path ? k === steps : k === 0) end.state = there;
    else there.dispose();
  }
}

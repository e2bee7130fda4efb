// Several marginals at times 0 = t_0 < … < t_K = 1. Each interval has its own clock 0 … 1 and units x/√(t_k −
// t_{k−1}), which share one reference process.
import type { Direction } from "../core/direction.js";
import type { Chain } from "../core/endpoints.js";
import { argumentError } from "../core/errors.js";
import type { TimeGrid } from "../core/time-grid.js";

/** One interval of a time course, between two neighbouring datasets. */
export interface Interval {
  /** The number of the interval, from 0. */
  index: number;
  /** Start time of the interval, and its length. */
  from: number;
  /** Length, in process time. */
  length: number;
  /** Samples are divided by √length within the interval. */
  unit: number;
}

const timeTolerance = 1e-9;

/**
 * The chain of intervals between times.
 * @throws {BridgeError} unless two or more times rise from 0 to 1.
 */
export function chainOf(times: readonly number[]): Chain {
  const rises = times.every((t, i) => i === 0 || t - times[i - 1] > 1e-6);
  if (times.length < 2 || times[0] !== 0 || times.at(-1) !== 1 || !rises)
    throw argumentError(
      `times are ${times.join(",")}; expected numbers that rise from 0 to 1, one for each dataset, such as 0,0.5,1`,
    );
  return { times };
}

/** The intervals of a time course, from the first to the last. */
export function intervalsOf({ times }: Chain): Interval[] {
  return times.slice(1).map((to, index) => {
    const from = times[index];
    return { index, from, length: to - from, unit: Math.sqrt(to - from) };
  });
}

/** The intervals in the order in which a direction passes them. */
export function inOrder(chain: Chain, direction: Direction): Interval[] {
  const all = intervalsOf(chain);
  return direction === "f" ? all : all.toReversed();
}

/**
 * The interval of a direction at time t. At a marginal's time: the interval that the direction
 * enters.
 */
export function intervalAt(chain: Chain, direction: Direction, t: number): Interval {
  const all = inOrder(chain, direction);
  const isIn = ({ from, length }: Interval) =>
    direction === "f" ? t < from + length - timeTolerance : t > from + timeTolerance;
  return all.find(isIn) ?? all.at(-1)!;
}

/** The grid of the whole time: `grid` in every interval. */
export function wholeGrid(chain: Chain, grid: TimeGrid): TimeGrid {
  const all = intervalsOf(chain);
  return {
    times: [
      ...all.flatMap(({ from, length }) => grid.times.slice(0, -1).map((t) => from + length * t)),
      1,
    ],
    steps: all.flatMap(({ length }) => grid.steps.map((dt) => length * dt)),
  };
}

/**
 * Splits a grid of the whole time, or a part of it, by intervals; null for intervals outside.
 * @throws {BridgeError} if a step jumps over a marginal.
 */
export function gridsWithin(chain: Chain, { times, steps }: TimeGrid): (TimeGrid | null)[] {
  const first = times[0];
  const last = times.at(-1)!;
  const stopAt = (time: number) => times.findIndex((t) => Math.abs(t - time) < timeTolerance);
  if (chain.times.some((t) => t > first && t < last && stopAt(t) < 0))
    throw argumentError(
      `the grid does not stop at the times ${chain.times.join(",")} of the marginals; use wholeGrid`,
    );
  return intervalsOf(chain).map(({ from, length }) => {
    const low = Math.max(from, first);
    const high = Math.min(from + length, last);
    if (high - low < timeTolerance) return null;
    const a = stopAt(low);
    const b = stopAt(high);
    const clock = (t: number) => Math.min(1, Math.max(0, (t - from) / length));
    const inside = times.slice(a + 1, b).map(clock);
    return {
      times: [clock(low), ...inside, clock(high)],
      steps: steps.slice(a, b).map((dt) => dt / length),
    };
  });
}

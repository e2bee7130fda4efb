// Several marginals in a row: times 0 = t_0 < … < t_K = 1 with a bridge in each interval between two of them. Every interval
// has a clock of its own from 0 to 1 and units in which the reference process is the same in all, x/√(t_k − t_{k−1}): so one
// process, one grid and one training serve them all, and rows only carry their interval.
import type { Direction } from "../core/direction.js";
import type { Chain } from "../core/endpoints.js";
import { argumentError } from "../core/errors.js";
import type { TimeGrid } from "../core/time-grid.js";

/** One interval of a chain. */
export interface Interval {
  /** Its place, from 0 on. */
  index: number;
  /** Time of the process at its beginning; how long it is. */
  from: number;
  length: number;
  /** What samples are divided by within: √length. */
  unit: number;
}

/** Times closer than this are one. */
const close = 1e-9;

/** Throws a BridgeError unless times are two or more that rise from 0 to 1. */
export function chainOf(times: readonly number[]): Chain {
  const rises = times.every((t, i) => i === 0 || t - (times[i - 1] as number) > 1e-6);
  if (times.length < 2 || times[0] !== 0 || times.at(-1) !== 1 || !rises)
    throw argumentError(
      `times are ${times.join(",")}; expected numbers that rise from 0 to 1, one for each data set, such as 0,0.5,1`,
    );
  return { times };
}

/** The intervals, the earliest first. */
export function intervalsOf({ times }: Chain): Interval[] {
  return times.slice(1).map((to, index) => {
    const from = times[index] as number;
    return { index, from, length: to - from, unit: Math.sqrt(to - from) };
  });
}

/** The intervals in the order in which a direction goes through them. */
export function inOrder(chain: Chain, direction: Direction): Interval[] {
  const all = intervalsOf(chain);
  return direction === "f" ? all : all.toReversed();
}

/** The interval that a direction is in at a time; at a marginal's time the one that it enters there. */
export function intervalAt(chain: Chain, direction: Direction, t: number): Interval {
  const all = inOrder(chain, direction);
  const isIn = ({ from, length }: Interval) =>
    direction === "f" ? t < from + length - close : t > from + close;
  return all.find(isIn) ?? (all.at(-1) as Interval);
}

/** The grid of the whole time that takes the steps of `grid` in every interval. */
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

/** What a grid of the whole time is in each interval, by its clock. Throws a BridgeError for one that leaps over a marginal. */
export function gridsWithin(chain: Chain, { times, steps }: TimeGrid): TimeGrid[] {
  const stops = chain.times.map((wanted) => times.findIndex((t) => Math.abs(t - wanted) < close));
  if (stops.includes(-1))
    throw argumentError(
      `the grid does not stop at the times ${chain.times.join(",")} of the marginals; use wholeGrid`,
    );
  return intervalsOf(chain).map(({ index, from, length }) => {
    const [a, b] = [stops[index] as number, stops[index + 1] as number];
    const inside = times.slice(a + 1, b).map((t) => (t - from) / length);
    return { times: [0, ...inside, 1], steps: steps.slice(a, b).map((dt) => dt / length) };
  });
}

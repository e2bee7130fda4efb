import { type Direction, equalTimes, type Leg, legsOf, resample } from "../solver/grid.js";
import { type SampleOptions, WebBridgeError } from "./bridge.js";
import type { Prepared } from "./create.js";

interface Journey {
  direction: Direction;
  legs: Leg[];
  /** Times of the states, in the user's units if these are numbers. */
  times: number[];
}

/** Throws a WebBridgeError for a direction or a number of steps that the bridge does not have. */
export function journeyOf(
  { grid, course, facts, resample: may = true }: Prepared,
  { direction = facts.direction, solver = "sde", steps }: SampleOptions,
): Journey {
  if (direction !== "f" && direction !== "b")
    throw new WebBridgeError(`direction is ${direction}; expected "f" or "b"`);
  const usual = grid.length - 1;
  const n = steps ?? (solver === "sde" ? usual : 100);
  if (!Number.isInteger(n) || n < 1)
    throw new WebBridgeError(`steps is ${steps}; expected an integer of at least 1`);
  if (solver === "sde" && !may && n !== usual)
    throw new WebBridgeError(
      `steps is ${n}; this bridge was trained on ${usual} steps and takes no other number: leave steps out`,
    );
  const clock = solver === "sde" ? resample(grid, n) : equalTimes(n);
  const legs = legsOf(course?.process ?? [0, 1], clock, direction);
  const { from, length } = course?.scale ?? { from: 0, length: 1 };
  const start = direction === "f" ? 0 : 1;
  const times = [start, ...legs.flatMap((leg) => leg.steps.map(({ next }) => next))];
  return { direction, legs, times: times.map((t) => from + length * t) };
}

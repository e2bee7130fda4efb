import { type Direction, type Leg, legsOf, partOf, resample, towards } from "../solver/grid.js";
import { type CourseTimes, type SampleOptions, WebBridgeError } from "./bridge.js";
import type { Prepared } from "./create.js";

interface Journey {
  direction: Direction;
  legs: Leg[];
  /** Times of the states, in the user's units if these are numbers. */
  times: number[];
}

/** Throws a WebBridgeError for a direction, a number of steps or times that the bridge does not have. */
export function journeyOf(bridge: Prepared, options: SampleOptions): Journey {
  const { course = null, facts } = bridge;
  const time = (key: "from" | "to") =>
    options[key] === undefined ? null : processTime(course, options[key], key);
  const from = time("from");
  const to = time("to");
  const isBack = from !== null && to !== null ? from > to : from === 1 || to === 0;
  const isGiven = from !== null || to !== null;
  const direction = options.direction ?? (isGiven ? (isBack ? "b" : "f") : facts.direction);
  if (direction !== "f" && direction !== "b")
    throw new WebBridgeError(`direction is ${direction}; expected "f" or "b"`);
  const start = from ?? (direction === "f" ? 0 : 1);
  const end = to ?? (direction === "f" ? 1 : 0);
  if (direction === "f" ? end <= start : end >= start)
    throw new WebBridgeError(
      `from and to are ${options.from} and ${options.to} with direction "${direction}"; expected ${direction === "f" ? "a later" : "an earlier"} time at to`,
    );
  const within = timesWithin(bridge, options);
  const legs = legsOf({ stops: course?.process ?? [0, 1], start, end }, within);
  const scale = course?.scale;
  const label = (t: number) => (scale ? scale.from + scale.length * t : t);
  const steps = legs.flatMap((leg) => leg.steps);
  return { direction, legs, times: [start, ...steps.map(({ next }) => next)].map(label) };
}

function timesWithin(
  { grid, resample: may = true }: Prepared,
  { solver = "sde", steps }: SampleOptions,
): (enter: number, leave: number) => number[] {
  const usual = grid.length - 1;
  const n = steps ?? (solver === "sde" ? usual : 100);
  if (!Number.isInteger(n) || n < 1)
    throw new WebBridgeError(`steps is ${steps}; expected an integer of at least 1`);
  if (solver !== "sde") return (enter, leave) => towards(enter, leave, n);
  if (!may && n !== usual)
    throw new WebBridgeError(
      `steps is ${n}; this bridge was trained on ${usual} steps and takes no other number: leave steps out`,
    );
  const all = resample(grid, n);
  return (enter, leave) =>
    enter < leave ? partOf(all, enter, leave) : partOf(all, leave, enter).toReversed();
}

function processTime(course: CourseTimes | null, given: number | string, key: string): number {
  const { process = [0, 1], labels = ["0", "1"], scale = null } = course ?? {};
  const number = given === "" ? Number.NaN : Number(given);
  const here = labels.findIndex((label) => label === given || Number(label) === number);
  if (here >= 0) return process[here] as number;
  const time = scale ? (number - scale.from) / scale.length : course ? Number.NaN : number;
  if (time >= 0 && time <= 1) return time;
  throw new WebBridgeError(
    `${key} is ${given}; expected one of ${labels.join(", ")}${scale || !course ? ", or a time between them" : ""}`,
  );
}

// Which saved points stay: the newest few, those at the end of something, and every so many-th.
import { RunError } from "../errors.js";
import type { Checkpoint } from "./read.js";

export interface KeepPolicy {
  /** So many of the newest whole points are kept (default 3, at least 1). */
  keep_last?: number;
  /** Each so many-th point that a run saves is kept for good (default null: none). */
  keep_every?: number | null;
}

/** The policy with its defaults. Throws RunError "bad_argument". */
export function checkPolicy({
  keep_last = 3,
  keep_every = null,
}: KeepPolicy): Required<KeepPolicy> {
  const counts = (value: number) => Number.isSafeInteger(value) && value >= 1;
  if (!counts(keep_last)) {
    throw new RunError(
      "bad_argument",
      `keep_last is ${keep_last}, expected a whole number from 1 on`,
    );
  }
  if (keep_every !== null && !counts(keep_every)) {
    const expected = "expected null or a whole number from 1 on";
    throw new RunError("bad_argument", `keep_every is ${keep_every}, ${expected}`);
  }
  return { keep_last, keep_every };
}

/**
 * Those of the points, in order from the oldest, that need not be kept. What is not whole neither
 * counts nor is given up; `isWhole` is asked as rarely as can be.
 */
export function superfluous(
  points: readonly Checkpoint[],
  { keep_last, keep_every }: Required<KeepPolicy>,
  isWhole: (point: Checkpoint) => boolean,
): Checkpoint[] {
  let last = 0;
  const given: Checkpoint[] = [];
  for (const point of [...points].reverse()) {
    const { milestone, serial } = point;
    const forGood = milestone || (keep_every !== null && serial % keep_every === 0);
    if (last < keep_last) last += isWhole(point) ? 1 : 0;
    else if (!forGood && isWhole(point)) given.unshift(point);
  }
  return given;
}

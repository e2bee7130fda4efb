// Which checkpoints are kept: the newest few, milestones, and every k-th.
import { RunError } from "../errors.js";
import type { Checkpoint } from "./read.js";

export interface KeepPolicy {
  /** How many of the newest whole checkpoints are kept (default 3, at least 1). */
  keep_last?: number;
  /** k: every k-th checkpoint that a run saves is kept for good (default null: none). */
  keep_every?: number | null;
}

/** The policy with its defaults. Throws RunError "bad_argument". */
export function checkPolicy({
  keep_last = 3,
  keep_every = null,
}: KeepPolicy): Required<KeepPolicy> {
  for (const [key, value] of Object.entries({ keep_last, keep_every })) {
    if (
      (Number.isSafeInteger(value) && Number(value) >= 1) ||
      (key === "keep_every" && value === null)
    )
      continue;
    const expected = `expected ${key === "keep_every" ? "null or " : ""}a whole number from 1 on`;
    throw new RunError("bad_argument", `${key} is ${value}, ${expected}`);
  }
  return { keep_last, keep_every };
}

/**
 * Those of the checkpoints, in order from the oldest, that need not be kept. Damaged ones neither count nor are
 * removed. `isWhole` is called as rarely as possible.
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

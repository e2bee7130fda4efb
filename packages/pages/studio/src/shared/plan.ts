import type { RunRow } from "./api.js";

export interface Plan {
  /** Steps of a half-iteration of the first iteration, and of a later one. */
  first: number;
  later: number;
  directions: number;
  halves: number;
}

export function stepsOf({ first, later, directions, halves }: Plan, { half, step }: RunRow) {
  const now = Math.max(1, half);
  const of = now <= directions ? first : later;
  const firsts = Math.max(0, Math.min(directions, halves) - now);
  const laters = Math.max(0, halves - Math.max(now, directions));
  return { steps: of, left: Math.max(0, of - step) + firsts * first + laters * later };
}

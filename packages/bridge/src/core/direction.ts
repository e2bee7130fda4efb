// f runs from x0 (time 0) to x1 (time 1), b from x1 back to x0.

/** `f`: forward, 0 → 1; `b`: backward, 1 → 0. */
export type Direction = "f" | "b";

/** One of the two tables. */
export type End = "x0" | "x1";

/** The end that a direction starts from. */
export const startOf = (direction: Direction): End => (direction === "f" ? "x0" : "x1");

/** The end that it runs to. */
export const endOf = (direction: Direction): End => (direction === "f" ? "x1" : "x0");

export function other(direction: Direction): Direction {
  return direction === "f" ? "b" : "f";
}

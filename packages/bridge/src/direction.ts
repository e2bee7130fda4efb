// f runs from x0 (time 0) to x1 (time 1), b from x1 back to x0.

/** `f`: forward, 0 → 1; `b`: backward, 1 → 0. */
export type Direction = "f" | "b";

export function other(direction: Direction): Direction {
  return direction === "f" ? "b" : "f";
}

// f runs from x0 (time 0) to x1 (time 1), b from x1 back to x0.

/** `f`: forward, 0 → 1; `b`: backward, 1 → 0. */
export type Direction = "f" | "b";

/** One of the two tables. */
export type End = "x0" | "x1";

/** The end that a direction starts from. */
export const startOf = (direction: Direction): End => (direction === "f" ? "x0" : "x1");

/** The end that it runs to. */
export const endOf = (direction: Direction): End => (direction === "f" ? "x1" : "x0");

/** Calls `of` for an endpoint at its first use. */
export function eachEnd<T>(of: (end: End) => T): { readonly x0: T; readonly x1: T } {
  const made = new Map<End, T>();
  const at = (end: End): T => {
    if (!made.has(end)) made.set(end, of(end));
    return made.get(end) as T;
  };
  return {
    get x0() {
      return at("x0");
    },
    get x1() {
      return at("x1");
    },
  };
}

export function other(direction: Direction): Direction {
  return direction === "f" ? "b" : "f";
}

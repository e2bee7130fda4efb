// f runs from x0 (time 0) to x1 (time 1), b from x1 back to x0.

/** `f`: forward, 0 → 1; `b`: backward, 1 → 0. */
export type Direction = "f" | "b";

/** One of the two tables: x0 at time 0, x1 at time 1. */
export type Endpoint = "x0" | "x1";

/** Where samples of a direction come from: x0 forward, x1 backward. */
export const sourceOf = (direction: Direction): Endpoint => (direction === "f" ? "x0" : "x1");

/** The endpoint that a direction ends at. */
export const targetOf = (direction: Direction): Endpoint => (direction === "f" ? "x1" : "x0");

/** Calls `of` at an endpoint's first use. */
export function eachEndpoint<T>(of: (end: Endpoint) => T): { readonly x0: T; readonly x1: T } {
  const made = new Map<Endpoint, T>();
  const at = (end: Endpoint): T => {
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

/** The opposite direction. */
export function oppositeDirection(direction: Direction): Direction {
  return direction === "f" ? "b" : "f";
}

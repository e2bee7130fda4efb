// Lists of numbers that are only near what is wanted.
import { expect } from "vitest";

/** Expects as many numbers as are wanted, each to so many digits. */
export function expectClose(got: Iterable<number>, want: Iterable<number>, digits = 6): void {
  expect([...got]).toEqual(Array.from(want, (x) => expect.closeTo(x, digits)));
}

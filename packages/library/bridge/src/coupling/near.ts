// Partners by nearness: conditions that are one number a row are hardly ever equal.
import type { Tensor } from "@dsbm/torch";

/** Rows of x1 that a row of x0 has for partners, as a range of x1's rows in the order of their conditions. */
export interface NearPartners {
  /** The rows of x0 within the range of x1's conditions. */
  rows: Int32Array;
  /** The rows of x1 by rising condition. */
  order: Int32Array;
  /** For each of `rows` the first of its partners in `order`. */
  first: Int32Array;
  /** How many each has. */
  count: number;
}

/** Fewest rows to choose from. */
export const leastPartners = 8;

/** A fiftieth of the rows, some eight to a few hundred: enough to choose from, and still near. */
export const partnersOf = (n: number): number =>
  Math.min(n, Math.max(leastPartners, Math.min(Math.ceil(n / 50), 256)));

/** The rows of x1 whose conditions [n, 1] are nearest to those of rows of x0. */
export function nearPartners(x0: Tensor, x1: Tensor): NearPartners {
  const valuesOf = (t: Tensor) =>
    Float64Array.from(t.flatten().to("float64").toArray() as Float64Array);
  const [starts, ends] = [valuesOf(x0), valuesOf(x1)];
  const order = Int32Array.from(ends.keys()).sort(
    (i, j) => (ends[i] as number) - (ends[j] as number),
  );
  const sorted = Float64Array.from(order, (i) => ends[i] as number);
  const count = partnersOf(sorted.length);
  const [low, high] = [sorted[0] as number, sorted.at(-1) as number];
  const rows = Int32Array.from(starts.keys()).filter((i) => {
    const value = starts[i] as number;
    return value >= low && value <= high;
  });
  const first = rows.map((i) => {
    const value = starts[i] as number;
    let [a, b] = [0, sorted.length - count];
    // The window [a, a + count) whose values are nearest (binary search by its two ends).
    while (a < b) {
      const middle = (a + b) >> 1;
      if (value - (sorted[middle] as number) > (sorted[middle + count] as number) - value)
        a = middle + 1;
      else b = middle;
    }
    return a;
  });
  return { rows, order, first, count };
}

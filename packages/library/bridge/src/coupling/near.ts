import type { Tensor } from "@dsbm/torch";

/** Each row's partners are a range of x1's rows in the order of their conditions. */
export interface NearPartners {
  /** The rows of x0 within the range of x1's conditions. */
  rows: Int32Array;
  order: Int32Array;
  first: Int32Array;
  count: number;
}

export const leastPartners = 8;

/** A fiftieth of the rows, 8 to 256: enough to choose from, and still similar. */
export const partnersOf = (n: number): number =>
  Math.min(n, Math.max(leastPartners, Math.min(Math.ceil(n / 50), 256)));

export function nearPartners(x0: Tensor, x1: Tensor): NearPartners {
  const valuesOf = (t: Tensor) =>
    Float64Array.from(t.flatten().to("float64").toArray() as Float64Array);
  const starts = valuesOf(x0);
  const ends = valuesOf(x1);
  const order = Int32Array.from(ends.keys()).sort((i, j) => ends[i] - ends[j]);
  const sorted = Float64Array.from(order, (i) => ends[i]);
  const count = partnersOf(sorted.length);
  const low = sorted[0];
  const high = sorted.at(-1)!;
  const rows = Int32Array.from(starts.keys()).filter((i) => {
    const value = starts[i];
    return value >= low && value <= high;
  });
  const first = rows.map((i) => {
    const value = starts[i];
    let a = 0;
    let b = sorted.length - count;
    // Binary search for the window [a, a + count) of the closest values.
    while (a < b) {
      const middle = (a + b) >> 1;
      if (value - sorted[middle] > sorted[middle + count] - value) a = middle + 1;
      else b = middle;
    }
    return a;
  });
  return { rows, order, first, count };
}

// The rows of an input in batches.
import type { Tensor } from "@dsbm/torch";
import type { InputRows } from "./input.js";

/** Samples [n, …] in batches of at most `size` rows. */
export async function* inParts(
  n: number,
  size: number,
  read: (first: number, count: number) => Tensor | Promise<Tensor>,
): AsyncGenerator<InputRows> {
  for (let first = 0; first < n; first += size)
    yield { x: await read(first, Math.min(size, n - first)), kept: [] };
}

// Metrics work by batches, so that many samples need the memory of few.
import { type Tensor, tidy } from "@dsbm/torch";
import { argumentError, dataError } from "./errors.js";

/**
 * Calls `fn` with views [b, …] of at most `size` rows of x [n, …], each in its own scope; the caller owns the results.
 * @throws {BridgeError} without rows or with a bad `size`.
 */
export function inBatches<T>(x: Tensor, size: number, fn: (rows: Tensor, start: number) => T): T[] {
  if (!Number.isInteger(size) || size < 1)
    throw argumentError(`batches of ${size}; expected an integer of at least 1`);
  const n = x.ndim === 0 ? 0 : x.size(0);
  if (n === 0) throw dataError(`no samples in a tensor of shape [${x.shape}]; expected [n, …]`);
  const results: T[] = [];
  for (let start = 0; start < n; start += size)
    results.push(tidy(() => fn(x.narrow(0, start, Math.min(size, n - start)), start)));
  return results;
}

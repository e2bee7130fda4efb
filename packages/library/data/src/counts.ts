import type { SetOptions } from "./data-set.js";
import { invalidOption } from "./errors.js";

/** Returns `n`, or `total` without `n`. Throws `InvalidOption`. */
export function rowCount(
  n: number | undefined,
  total: number,
  { name, split }: Pick<SetOptions, "name" | "split">,
): number {
  const count = n ?? total;
  if (Number.isInteger(count) && count >= 1 && count <= total) return count;
  throw invalidOption(`n ${n}: expected 1 to ${total}, the samples of ${name} (${split})`);
}

/** Throws `InvalidOption` unless n is 1 or more, and n samples of this many bytes fit into the limit. */
export function checkDrawn(
  n: number,
  of: { what: string; size: string; bytes: number; GiB: number },
): void {
  if (Number.isInteger(n) && n >= 1 && n * of.bytes <= of.GiB * 2 ** 30) return;
  throw invalidOption(
    `n ${n}: expected at least 1 ${of.what}, and at most ${of.GiB} GiB of them at ${of.size}`,
  );
}

/** The option test_fraction. Throws `InvalidOption`. */
export function testFraction({ test_fraction = 0.1 }: SetOptions): number {
  if (test_fraction > 0 && test_fraction < 1) return test_fraction;
  throw invalidOption(`test_fraction ${test_fraction}: expected a number between 0 and 1`);
}

/** Never all of `total` samples; of four or more at least two, which have a variance. */
export const testCount = (fraction: number, total: number): number =>
  Math.min(Math.max(Math.round(fraction * total), total < 4 ? 1 : 2), total - 1);

import type { SetOptions } from "./data-set.js";
import { invalidOption } from "./errors.js";

/** Returns `n`, or `total` without `n`. Throws `InvalidOption`. */
export function rowCount(
  n: number | undefined,
  total: number,
  { name, split }: Pick<SetOptions, "name" | "split">,
): number {
  const count = n ?? total;
  if (count >= 1 && count <= total) return count;
  throw invalidOption(`n ${n}: expected 1 to ${total}, the samples of ${name} (${split})`);
}

const mostGiB = 8;

/** Throws `InvalidOption` unless n is 1 or more, and n samples of this many bytes fit into memory. */
export function checkDrawn(n: number, bytes: number): void {
  if (n >= 1 && n * bytes <= mostGiB * 2 ** 30) return;
  throw invalidOption(
    `n ${n}: expected 1 or more samples of ${bytes} bytes, and at most ${mostGiB} GiB of them`,
  );
}

export const defaultFraction = 0.1;

/** Never all of `total` samples; of four or more at least two, which have a variance. */
export const testCount = (fraction: number, total: number): number =>
  Math.min(Math.max(Math.round(fraction * total), total < 4 ? 1 : 2), total - 1);

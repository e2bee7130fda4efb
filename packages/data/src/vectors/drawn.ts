// Vectors drawn from a seed as tables: what all such sets have in common.
import { type Tensor, tidy } from "@dsbm/torch";
import { checkDrawn } from "../counts.js";
import type { SetOptions } from "../data-set.js";
import { DatasetError } from "../errors.js";
import { newTable, type Table } from "../table.js";

/** Samples of a split where `n` is left out. */
export const usualCount = 10_000;

/**
 * The table of n draws [n, dim], float32. With `fixed`, the set has this dimension and no other.
 *
 * Throws a `DatasetError` `InvalidOption` for another dimension, and for more than 2³⁰ numbers.
 */
export function drawnTable(
  { name, split, n = usualCount, seed = 0, dim: wanted }: SetOptions,
  { dim: usual, fixed = false }: { dim: number; fixed?: boolean },
  draw: (size: { n: number; dim: number; seed: number }) => Tensor,
): Table {
  const dim = wanted ?? usual;
  if (!Number.isInteger(dim) || dim < 1 || (fixed && dim !== usual))
    throw new DatasetError(
      "InvalidOption",
      `dim ${dim}: expected ${fixed ? `${usual}, the dimension` : "a whole number above 0, the dimension"} of ${name}; set data.dim`,
    );
  checkDrawn(n, { what: `sample of ${name}`, size: `dim ${dim}`, bytes: 4 * dim, GiB: 4 });
  return newTable({
    name,
    split,
    source: `drawn from seed ${seed}`,
    x: tidy(() => draw({ n, dim, seed })),
  });
}

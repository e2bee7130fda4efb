// The levels of categories in generated samples: the largest coordinate.
import { cat, oneHot, type Tensor, tidy } from "@dsbm/torch";
import type { CategoryBlock } from "../categories.js";

/** Levels whose coordinates differ by less are close to each other; 1 is the difference in the data. */
const closeLevels = 0.2;

/** The coordinates of a category in rows [n, d]: [n, levels]. */
const levelsIn = (rows: Tensor, { first, levels }: CategoryBlock): Tensor =>
  rows.narrow(1, first, levels.length);

/** Rows [n, d] with other coordinates of categories, [n, levels] each. */
function withBlocks(
  rows: Tensor,
  categories: readonly CategoryBlock[],
  blockOf: (category: CategoryBlock) => Tensor,
): Tensor {
  if (categories.length === 0) return rows;
  const parts: Tensor[] = [];
  let at = 0;
  for (const category of categories.toSorted((a, b) => a.first - b.first)) {
    const { first, levels } = category;
    if (first > at) parts.push(rows.narrow(1, at, first - at));
    parts.push(blockOf(category));
    at = first + levels.length;
  }
  if (at < rows.size(1)) parts.push(rows.narrow(1, at, rows.size(1) - at));
  return cat(parts, { dim: 1 });
}

/** Rows [n, d] with the coordinates of categories from `other` [n, d]. */
export const replaceLevels = (
  rows: Tensor,
  other: Tensor,
  categories: readonly CategoryBlock[],
): Tensor => tidy(() => withBlocks(rows, categories, (category) => levelsIn(other, category)));

/** Rows [n, d] whose largest coordinate of each category is 1 and the others 0. */
export const clearestLevels = (rows: Tensor, categories: readonly CategoryBlock[]): Tensor =>
  tidy(() =>
    withBlocks(rows, categories, (category) => {
      const numClasses = category.levels.length;
      return oneHot(levelsIn(rows, category).argmax({ dim: 1 }), { numClasses }).to(rows.dtype);
    }),
  );

/** For each category, the number of rows of [n, d] whose two largest coordinates are close to each other. */
export const unclearRows = (rows: Tensor, categories: readonly CategoryBlock[]): number[] =>
  categories.map((category) =>
    tidy(() => {
      if (category.levels.length < 2) return 0;
      const [largest] = levelsIn(rows, category).topk(2, 1);
      const margin = largest.select(1, 0).sub(largest.select(1, 1));
      return margin.lt(closeLevels).to("float64").sum().item();
    }),
  );

// Rows of numbers and texts, as the files of a run with categories have them.
import { ConfigError } from "@dsbm/config";
import type { CategoryBlock } from "@dsbm/data";

/** The values of a row in the order of the trained columns; a category has its text. */
export type Cells = readonly (number | string)[];

/** Whether the rows hold texts. */
export const areCells = (rows: unknown): rows is readonly Cells[] =>
  Array.isArray(rows) &&
  rows.some((row) => Array.isArray(row) && row.some((cell) => typeof cell === "string"));

/**
 * Rows of numbers, a coordinate for each level of a category.
 * @throws {ConfigError} for rows of another length, for texts elsewhere, and for an unknown level
 */
export function fromCells(
  rows: readonly Cells[],
  { width, categories }: { width: number; categories: readonly CategoryBlock[] },
): number[][] {
  const length = width - categories.reduce((sum, { levels }) => sum + levels.length - 1, 0);
  return rows.map((row, i) => {
    if (row.length !== length)
      throw new ConfigError(
        `row ${i} has ${row.length} values; expected ${length}, the columns of the run`,
      );
    const numbers: number[] = [];
    for (const [place, cell] of row.entries()) {
      const category = categories.find(({ first }) => first === numbers.length);
      if (category) numbers.push(...coordinatesOf(String(cell), category, i));
      else if (typeof cell === "number") numbers.push(cell);
      else
        throw new ConfigError(
          `value ${place} of row ${i} is ${JSON.stringify(cell)}; expected a number`,
        );
    }
    return numbers;
  });
}

function coordinatesOf(text: string, { name, levels }: CategoryBlock, row: number): number[] {
  if (levels.includes(text)) return levels.map((level) => Number(level === text));
  throw new ConfigError(
    `${name} is ${JSON.stringify(text)} in row ${row}; expected one of ${levels.join(", ")}`,
  );
}

/** Rows with a text for each category, of rows in which one level of each category is 1. */
export const toCells = (
  rows: readonly (readonly number[])[],
  categories: readonly CategoryBlock[],
): (number | string)[][] =>
  rows.map((row) => {
    const cells: (number | string)[] = [];
    for (let k = 0; k < row.length; ) {
      const category = categories.find(({ first }) => first === k);
      cells.push(category ? category.levels[row.indexOf(1, k) - k] : row[k]);
      k += category?.levels.length ?? 1;
    }
    return cells;
  });

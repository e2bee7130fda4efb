// The columns of data.columns: names, or the columns of a matrix of counts that vary most.
import { variableCount } from "../counts.js";
import type { RowSource } from "../row-source.js";
import type { ColumnOptions } from "../select.js";
import type { CategoryOptions } from "./choose-categories.js";
import type { ColumnChoice, CountRequest } from "./count-columns.js";

/**
 * Finds the columns that data.columns asks for, and reads counts that are scaled. With hvg:N these are the columns of
 * `like`, or the N most variable ones among all rows of the file and of `others`.
 * @throws {DatasetError} `InvalidOption` for a format without counts, and `BadTable` for values that are no counts.
 */
export async function chooseColumns(
  source: RowSource,
  options: CountRequest & Pick<ColumnOptions, "columns"> & Pick<CategoryOptions, "like">,
): Promise<ColumnChoice> {
  const { columns, like, normalise } = options;
  const count = variableCount(columns);
  if (count !== null && like) return { columns: like.columns, notes: [] };
  // Datasets of one file share its counts, which are read once.
  if (count === null && (normalise === undefined || like?.path === source.path))
    return { columns, notes: [] };
  // Pages load counts if they need them.
  const counts = await import("./count-columns.js");
  return count === null
    ? { columns, notes: await counts.readNotes(source, normalise as number, options) }
    : counts.variableColumns(source, count, options);
}

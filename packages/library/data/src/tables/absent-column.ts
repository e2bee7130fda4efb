import { type DatasetError, invalidOption } from "../errors.js";
import { didYouMean, firstOf } from "../names.js";
import type { RowSource } from "./rows.js";

/** The error for a column that a table lacks, with the closest name. */
export function absentColumn(
  { path, columns }: Pick<RowSource, "path" | "columns">,
  { key, name }: { key: string; name: string },
): DatasetError {
  const names = columns.map((column) => column.name);
  const some = firstOf(names, 12) + (names.length > 12 ? ` (${names.length})` : "");
  return invalidOption(
    `${key}${name}: ${path} has no such column${didYouMean(name, names) || `; it has ${some}`}`,
  );
}

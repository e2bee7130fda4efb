import { badTable, invalidOption } from "../errors.js";
import { firstOf } from "../names.js";
import { absentColumn } from "./absent-column.js";
import { isMissing } from "./cells.js";
import { cleanRows } from "./clean.js";
import { openRows } from "./open.js";
import type { ReadOptions } from "./rows.js";

export interface GroupOptions extends ReadOptions {
  /** The order of texts; numbers have their own order. */
  order?: readonly string[] | undefined;
  /** Treatment of rows without a value (default: error). */
  missing?: "error" | "drop" | undefined;
  where?: string | undefined;
  signal?: AbortSignal | undefined;
}

const mostValues = 100;

/**
 * Returns the values of a column in the order of their times. Throws `InvalidOption` for an unknown
 * column, a single value, texts without an order and an order of other texts; and `BadTable` for
 * rows without a value.
 */
export async function tableGroups(
  path: string,
  column: string,
  options: GroupOptions = {},
): Promise<string[]> {
  const { order, missing = "error", where, signal } = options;
  const counts = new Map<string, number>();
  const empty = { count: 0, first: 0 };
  const source = await openRows(path, options);
  try {
    if (!source.columns.some(({ name }) => name === column))
      throw absentColumn(source, { key: "time=", name: column });
    for await (const batch of cleanRows(source, { numbers: [], texts: [column], where, signal })) {
      const cells = batch.texts[0] as string[];
      for (const [i, cell] of cells.entries()) {
        if (isMissing(cell)) {
          if (empty.count === 0) empty.first = batch.rows[i] as number;
          empty.count += 1;
          continue;
        }
        const value = plain(cell);
        counts.set(value, (counts.get(value) ?? 0) + 1);
        if (counts.size > mostValues)
          throw invalidOption(
            `time=${column}: ${path} has more than ${mostValues} different values there: expected the times of a time course, each of many rows; round them in a new column`,
          );
      }
    }
  } finally {
    source.close();
  }
  if (empty.count > 0 && missing === "error")
    throw badTable(
      path,
      `column ${column} has ${empty.count} missing values (NaN, empty, or a category without a name), the first in row ${empty.first + 1}: expected a time in each row; repair them, or write data.missing=drop to leave these rows out`,
    );
  const values = [...counts.keys()];
  if (values.length < 2)
    throw invalidOption(
      `time=${column}: ${path} has ${values.length === 0 ? "no rows" : `the value ${values[0]} only`}: expected two times or more${where === undefined ? "" : "; write a wider data.where"}`,
    );
  return order
    ? inGivenOrder(values, order, { path, column })
    : inNumericOrder(values, { path, column });
}

/** "2" and "2.0" are one time. */
const plain = (cell: string): string => {
  const text = cell.trim();
  const number = Number(text);
  return Number.isFinite(number) ? String(number) : text;
};

function inNumericOrder(
  values: readonly string[],
  { path, column }: { path: string; column: string },
): string[] {
  if (values.every((value) => Number.isFinite(Number(value))))
    return values.toSorted((a, b) => Number(a) - Number(b));
  const sorted = values.toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
  throw invalidOption(
    `time=${column}: ${path} has the texts ${firstOf(sorted, 8)} there: expected numbers, or their order; write time_order=${sorted.join(",")}`,
  );
}

function inGivenOrder(
  values: readonly string[],
  order: readonly string[],
  { path, column }: { path: string; column: string },
): string[] {
  const names = order.map(plain);
  const isOrder = names.length === values.length && values.every((value) => names.includes(value));
  if (isOrder) return names;
  throw invalidOption(
    `time_order=${order.join(",")}: column ${column} of ${path} has ${firstOf(values.toSorted(), 12)}: expected each of these times once; leave rows out with data.where`,
  );
}

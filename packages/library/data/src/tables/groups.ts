// The values of a column that separates the datasets of one table, such as the times of a course.
import { firstOf, invalidOption, setting } from "../errors.js";
import { exactNumber } from "./cells.js";
import { cleanRows } from "./clean.js";
import { openRows } from "./open.js";
import { byNumber } from "./prepare/codes.js";
import { absentColumn, type ReadOptions, type TableColumn } from "./row-source.js";

/** How to read the values of a column. */
export interface GroupOptions extends ReadOptions {
  /** The order of texts; numbers and ordered categories have their own order. */
  order?: readonly string[] | undefined;
  /** Treatment of rows without a value (default: error). */
  missing?: "error" | "drop" | undefined;
  /** Only the rows that match this condition. */
  where?: string | undefined;
  /** Stops reading. */
  signal?: AbortSignal | undefined;
}

const mostValues = 100;

/** Puts "day 2" before "day 10". */
const naturalOrder = new Intl.Collator("en", { numeric: true });

/**
 * Returns the values of a column in the order of their times.
 * @throws {DatasetError} `InvalidOption` for an unknown column, a single value, texts without an order and an order of
 * other texts; and `BadTable` for rows without a value.
 */
export async function tableGroups(
  path: string,
  column: string,
  options: GroupOptions = {},
): Promise<string[]> {
  const { where } = options;
  const { values, known } = await readValues(path, column, options);
  if (values.length < 2)
    throw invalidOption(
      `time=${column}: ${path} has ${values.length === 0 ? "no rows" : `the value ${values[0]} only`}: expected two times or more${where === undefined ? "" : "; write a wider data.where"}`,
    );
  const order = options.order ?? orderOf(values, known);
  if (!order)
    throw invalidOption(
      `time=${column}: ${path} has the texts ${firstOf(values, 8)} there: expected numbers, or their order; write ${setting("time_order", values.toSorted(naturalOrder.compare))}, with times=… unless they are evenly spaced`,
    );
  const names = order.map((name) => plainTime(name, known));
  if (`${names.toSorted(byNumber)}` === `${values}`) return names;
  throw invalidOption(
    `time_order=${order.join(",")}: column ${column} of ${path} has ${firstOf(values, 12)}: expected each of these times once; leave rows out with data.where`,
  );
}

async function readValues(
  path: string,
  column: string,
  options: GroupOptions,
): Promise<{ values: string[]; known: TableColumn }> {
  const { missing, where, signal } = options;
  const times = new Set<string>();
  const source = await openRows(path, options);
  try {
    const known = source.columns.find(({ name }) => name === column);
    if (!known) throw absentColumn(source, { key: "time", name: column });
    const condition = { name: column, kind: "text" } as const;
    const request = { numbers: [], condition, missing, where, signal };
    for await (const batch of cleanRows(source, request)) {
      for (const cell of batch.condition as string[]) times.add(plainTime(cell, known));
      if (times.size > mostValues)
        throw invalidOption(
          `time=${column}: ${path} has more than ${mostValues} different values there: expected the times of a time course, each of many rows; round them in a new column`,
        );
    }
    return { values: [...times].toSorted(byNumber), known };
  } finally {
    source.close();
  }
}

/** The order of numbers, or of the column's ordered categories; null for other texts. */
function orderOf(values: readonly string[], { order }: TableColumn): readonly string[] | null {
  if (values.every((value) => Number.isFinite(Number(value)))) return values;
  return order?.filter((name) => values.includes(name.trim())) ?? null;
}

/** "2" and "2.0" are one time, and numbers of 17 digits are several. */
function plainTime(cell: string, { kind }: TableColumn): string {
  const text = cell.trim();
  const exact = exactNumber(text);
  if (exact !== null) return exact;
  const number = kind === "number" ? Number(text) : Number.NaN;
  return Number.isFinite(number) ? String(number) : text;
}

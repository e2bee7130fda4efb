import { firstOf, invalidOption } from "../errors.js";
import { cleanRows } from "./clean.js";
import { openRows } from "./open.js";
import { byNumber } from "./prepare/codes.js";
import { absentColumn, type ReadOptions } from "./rows.js";

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
  const { order, missing, where, signal } = options;
  const times = new Set<string>();
  const source = await openRows(path, options);
  try {
    if (!source.columns.some(({ name }) => name === column))
      throw absentColumn(source, { key: "time=", name: column });
    const condition = { name: column, kind: "text" } as const;
    const request = { numbers: [], condition, missing, where, signal };
    for await (const batch of cleanRows(source, request)) {
      for (const cell of batch.condition as string[]) times.add(plain(cell));
      if (times.size > mostValues)
        throw invalidOption(
          `time=${column}: ${path} has more than ${mostValues} different values there: expected the times of a time course, each of many rows; round them in a new column`,
        );
    }
  } finally {
    source.close();
  }
  const values = [...times].toSorted(byNumber);
  if (values.length < 2)
    throw invalidOption(
      `time=${column}: ${path} has ${values.length === 0 ? "no rows" : `the value ${values[0]} only`}: expected two times or more${where === undefined ? "" : "; write a wider data.where"}`,
    );
  if (!order) {
    if (values.every((value) => Number.isFinite(Number(value)))) return values;
    throw invalidOption(
      `time=${column}: ${path} has the texts ${firstOf(values, 8)} there: expected numbers, or their order; write time_order=${values.join(",")}`,
    );
  }
  const names = order.map(plain);
  if (`${names.toSorted(byNumber)}` === `${values}`) return names;
  throw invalidOption(
    `time_order=${order.join(",")}: column ${column} of ${path} has ${firstOf(values, 12)}: expected each of these times once; leave rows out with data.where`,
  );
}

/** "2" and "2.0" are one time. */
const plain = (cell: string): string => {
  const text = cell.trim();
  const number = Number(text);
  return Number.isFinite(number) ? String(number) : text;
};

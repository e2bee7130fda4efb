// The rows of a table that can be used: of one group, with all their values, finite. Others are refused with the column
// and the first row, or dropped where that is asked for.
import { badTable, type DatasetError } from "../errors.js";
import { isMissing } from "./cells.js";
import type { RowBatch, RowSource, TableColumn } from "./rows.js";

/** float32 ends at 3.4e38. */
const largest = 1e37;

/** Values of the column that tells groups apart, for a message. */
const mostGroups = 10;

export interface CleanRequest {
  /** Columns whose values must be there. */
  numbers: readonly string[];
  /** Columns of texts, which may be missing. */
  texts?: readonly string[];
  /** A column of numbers or classes that must be there too. */
  condition?: Pick<TableColumn, "name" | "kind"> | null | undefined;
  missing?: "error" | "drop" | undefined;
  /** Whether log(1 + x) of `numbers` is wanted. */
  log1p?: boolean | undefined;
  /** Only rows with this value in this column. */
  group?: { column: string; value: string } | null | undefined;
  signal?: AbortSignal | undefined;
}

/** Whole rows of a batch. */
export interface CleanBatch extends Pick<RowBatch, "count" | "numbers" | "texts"> {
  /** Their numbers in the file, from 0. */
  rows: Int32Array;
  condition: Float64Array | string[] | null;
}

/** How many rows a file has, those of the group, those of them that were dropped, and some values of other groups. */
export interface CleanCounts {
  all: number;
  rows: number;
  dropped: number;
  groups: Set<string>;
}

interface Fault {
  name: string;
  what: "missing" | "infinite";
  first: number;
  count: number;
}

/**
 * Whole rows in batches; returns how many there were. Throws `BadTable` for missing and infinite values (with their
 * number, after the last row) unless they are to be dropped, and for values below 0 with `log1p`.
 */
export async function* cleanRows(
  source: RowSource,
  request: CleanRequest,
): AsyncGenerator<CleanBatch, CleanCounts> {
  const { numbers, texts = [], condition, missing = "error", log1p = false, group } = request;
  const faults = new Map<string, Fault>();
  const counts: CleanCounts = { all: 0, rows: 0, dropped: 0, groups: new Set() };
  const isClass = condition?.kind === "text";
  const asked = {
    numbers: condition && !isClass ? [...numbers, condition.name] : numbers,
    texts: [...texts, ...(isClass ? [condition.name] : []), ...(group ? [group.column] : [])],
    signal: request.signal,
  };
  for await (const batch of source.batches(asked)) {
    const { count, first } = batch;
    counts.all += count;
    const groups = group ? (batch.texts.at(-1) as string[]) : [];
    for (let i = 0; i < groups.length && counts.groups.size < mostGroups; i++)
      counts.groups.add(groups[i] as string);
    const inside = group ? groups.map(isGroup(group.value)) : null;
    const whole = new Uint8Array(count).fill(1);
    const fault = (name: string, what: Fault["what"], i: number) => {
      const found = faults.get(`${what} ${name}`);
      if (found) found.count += 1;
      else faults.set(`${what} ${name}`, { name, what, first: first + i, count: 1 });
      whole[i] = 0;
    };
    asked.numbers.forEach((name, k) => {
      const values = batch.numbers[k] as Float64Array;
      const least = log1p && k < numbers.length ? 0 : -largest;
      for (let i = 0; i < count; i++) {
        const value = values[i] as number;
        if ((value <= largest && value >= least) || inside?.[i] === false) continue;
        if (value < 0 && value >= -largest)
          throw badTable(
            source.path,
            `column ${name} has ${value} in row ${first + i + 1}, which data.log1p=true cannot take: expected values from 0 on; leave log1p out, or write data.exclude=${name}`,
          );
        fault(name, Number.isNaN(value) ? "missing" : "infinite", i);
      }
    });
    const classes = isClass ? (batch.texts[texts.length] as string[]) : [];
    classes.forEach((text, i) => {
      if (inside?.[i] !== false && isMissing(text)) fault(condition?.name ?? "", "missing", i);
    });
    const rows: number[] = [];
    for (let i = 0; i < count; i++) {
      if (inside?.[i] === false) continue;
      counts.rows += 1;
      if (whole[i] === 1) rows.push(i);
      else counts.dropped += 1;
    }
    if (rows.length === 0 || (missing === "error" && counts.dropped > 0)) continue;
    const all = rows.length === count;
    const values = all
      ? batch.numbers
      : batch.numbers.map((column) => Float64Array.from(rows, (i) => column[i] as number));
    const cells = all
      ? batch.texts
      : batch.texts.map((column) => rows.map((i) => column[i] as string));
    yield {
      count: rows.length,
      rows: Int32Array.from(rows, (i) => first + i),
      numbers: values.slice(0, numbers.length),
      texts: cells.slice(0, texts.length),
      condition: condition
        ? ((isClass ? cells[texts.length] : values[numbers.length]) ?? null)
        : null,
    };
  }
  if (missing === "error" && faults.size > 0)
    throw unusable(source.path, [...faults.values()], counts);
  return counts;
}

/** Whether a cell is the group's value: the same text, or the same number. */
export function isGroup(value: string): (cell: string) => boolean {
  const number = value.trim() === "" ? Number.NaN : Number(value);
  return (cell) =>
    cell === value || cell.trim() === value || (cell.trim() !== "" && Number(cell) === number);
}

function unusable(
  path: string,
  faults: readonly Fault[],
  { rows, dropped }: CleanCounts,
): DatasetError {
  const [first, ...others] = faults as [Fault, ...Fault[]];
  const names = others.slice(0, 4).map(({ name }) => name);
  const more =
    others.length === 0 ? "" : `, others ${names.join(", ")}${others.length > 4 ? ", …" : ""}`;
  const what =
    first.what === "missing"
      ? "missing values (NaN, empty, NA or null)"
      : `infinite values (or beyond ±${largest})`;
  return badTable(
    path,
    `column ${first.name} has ${first.count} ${what}, the first in row ${first.first + 1}${more}; ${dropped} of ${rows} rows have such values: repair them, write data.missing=drop to leave these rows out, or data.exclude=${first.name}`,
  );
}

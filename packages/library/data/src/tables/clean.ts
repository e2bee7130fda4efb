import { badTable, type DatasetError, firstOf, setting } from "../errors.js";
import type { RowBatch, RowSource, TableColumn } from "./rows.js";
import { type RowFilter, rowFilter } from "./where.js";

const largest = 1e37;

const mostGroups = 11;

/** The columns to read and the rule for missing values. */
export interface CleanRequest {
  /** Columns to train on. */
  numbers: readonly string[];
  /** Columns of numbers behind them, which log1p leaves alone. */
  masses?: readonly string[] | undefined;
  /** Texts may be missing. */
  texts?: readonly string[];
  /** The column of conditions. */
  condition?: Pick<TableColumn, "name" | "kind"> | null | undefined;
  /** Refuse or drop rows with missing numbers. */
  missing?: "error" | "drop" | undefined;
  /** Replace x by log(1 + x). */
  log1p?: boolean | undefined;
  /** Keep rows of one value of a column. */
  group?: { column: string; value: string } | null | undefined;
  /** See `rowFilter`; other rows are ignored. */
  where?: string | undefined;
  /** Stops reading. */
  signal?: AbortSignal | undefined;
}

/** Usable rows of a table. */
export interface CleanBatch extends Pick<RowBatch, "count" | "numbers" | "texts"> {
  /** Row numbers of the file, from 0. */
  rows: Int32Array;
  /** Numbers or texts, row by row. */
  condition: Float64Array | string[] | null;
  /** One array for each column of `masses`. */
  masses: Float64Array[];
}

/** Numbers of read, usable and dropped rows. */
export interface CleanCounts {
  /** Rows in the file. */
  all: number;
  /** Rows of the group. */
  rows: number;
  /** Unusable rows of the group. */
  dropped: number;
  /** Values of the group column, at most 11. */
  groups: Set<string>;
}

interface Fault {
  name: string;
  first: number;
  count: number;
}

/**
 * Whole rows in batches; returns their counts. Throws `BadTable` for missing and infinite values
 * (after the last row) unless they are dropped, and for values below 0 with `log1p`.
 */
export async function* cleanRows(
  source: RowSource,
  request: CleanRequest,
): AsyncGenerator<CleanBatch, CleanCounts> {
  const { numbers, masses = [], texts = [], condition, group, where } = request;
  const { missing = "error", log1p = false, signal } = request;
  const faults = new Map<string, Fault>();
  const counts: CleanCounts = { all: 0, rows: 0, dropped: 0, groups: new Set() };
  const filters: RowFilter[] = [];
  if (group) filters.push(groupFilter(group, counts.groups));
  if (where !== undefined) filters.push(rowFilter(where, source));
  const isClass = condition?.kind === "text";
  const dose = condition && !isClass ? [condition.name] : [];
  const numberColumns = [...numbers, ...masses, ...dose];
  const textColumns = [...texts, ...(isClass ? [condition.name] : [])];
  const columns = {
    numbers: [...numberColumns, ...filters.flatMap((filter) => filter.numbers)],
    texts: [...textColumns, ...filters.flatMap((filter) => filter.texts)],
    signal,
  };
  for await (const batch of source.batches(columns)) {
    const { count, first } = batch;
    const numbersOfFilters = batch.numbers.splice(numberColumns.length);
    const textsOfFilters = batch.texts.splice(textColumns.length);
    const tests = filters.map((filter) => {
      const columnOptions = {
        first,
        numbers: numbersOfFilters.splice(0, filter.numbers.length),
        texts: textsOfFilters.splice(0, filter.texts.length),
      };
      return (i: number) => filter.keeps(columnOptions, i);
    });
    const all = Array.from({ length: count }, (_, i) => i).filter((i) =>
      tests.every((test) => test(i)),
    );
    const isWhole = new Array<boolean>(count).fill(true);
    const addFault = (name: string, i: number) => {
      isWhole[i] = false;
      const fault = faults.get(name) ?? { name, first: first + i, count: 0 };
      fault.count += 1;
      faults.set(name, fault);
    };
    for (const [k, name] of numberColumns.entries()) {
      const values = batch.numbers[k];
      const least = log1p && k < numbers.length ? 0 : -largest;
      for (const i of all) {
        const value = values[i];
        if (value <= largest && value >= least) continue;
        if (value < 0 && value >= -largest)
          throw badTable(
            source.path,
            `column ${name} has ${value} in row ${first + i + 1}, which data.log1p=true cannot take: expected values from 0 on; leave log1p out, or write ${setting("data.exclude", [name])}`,
          );
        addFault(name, i);
      }
    }
    if (isClass)
      for (const i of all)
        if (source.isMissing(batch.texts.at(-1)![i])) addFault(condition.name, i);
    const rows = all.filter((i) => isWhole[i]);
    counts.all += count;
    counts.rows += all.length;
    counts.dropped += all.length - rows.length;
    if (rows.length === 0 || (missing === "error" && counts.dropped > 0)) continue;
    const pickedNumbers = batch.numbers.map((column) => Float64Array.from(rows, (i) => column[i]));
    const pickedTexts = batch.texts.map((column) => rows.map((i) => column[i]));
    yield {
      count: rows.length,
      rows: Int32Array.from(rows, (i) => first + i),
      numbers: pickedNumbers.slice(0, numbers.length),
      masses: pickedNumbers.slice(numbers.length, numbers.length + masses.length),
      texts: pickedTexts.slice(0, texts.length),
      condition: (condition && (isClass ? pickedTexts : pickedNumbers).at(-1)) ?? null,
    };
  }
  if (missing === "error" && faults.size > 0)
    throw missingValues(source.path, [...faults.values()], { ...counts, numbers });
  return counts;
}

/** Notes some other values of the column in `groups`. */
function groupFilter({ column, value }: { column: string; value: string }, groups: Set<string>) {
  const isIn = isGroup(value);
  return {
    numbers: [],
    texts: [column],
    keeps({ texts }: Pick<RowBatch, "texts">, i: number) {
      const cell = texts[0]?.[i];
      const keeps = isIn(cell);
      if (!keeps && groups.size < mostGroups) groups.add(cell);
      return keeps;
    },
  };
}

function missingValues(
  path: string,
  faults: readonly Fault[],
  { rows, dropped, numbers }: CleanCounts & Pick<CleanRequest, "numbers">,
): DatasetError {
  const [{ name, first, count }, ...others] = faults;
  const names = others.map((fault) => fault.name);
  const more = names.length === 0 ? "" : `, others ${firstOf(names, 4)}`;
  const orExclude = numbers.includes(name) ? `, or ${setting("data.exclude", [name])}` : "";
  return badTable(
    path,
    `column ${name} has ${count} missing values (NaN, empty, NA, null, infinite, or beyond ±${largest}), the first in row ${first + 1}${more}; ${dropped} of ${rows} rows have such values: repair them, write data.missing=drop to leave these rows out${orExclude}`,
  );
}

const datePattern = /^(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?(?:$|[T ])/;
const periodPattern = /^\d{4}(-\d{2}){0,2}$/;
const range = /^(.*?)\.\.(.*)$/s;

/** A date as 2019-05-03; "" for other cells. */
function dateOf(cell: string): string {
  const [, year, ...parts] = datePattern.exec(cell) ?? [];
  return [year ?? [], parts.flatMap((part) => part?.padStart(2, "0") ?? [])].flat().join("-");
}

const numberIn = (text: string): number => (text === "" ? Number.NaN : Number(text));

/** Whether a cell is in a group: the same text or number, a date of a year (2019) or a month (2019-05), or in LOW..HIGH. */
function isGroup(value: string): (cell: string) => boolean {
  const text = value.trim();
  const number = numberIn(text);
  const isSame = (cell: string) => cell === value || cell.trim() === text;
  const isPeriod = periodPattern.test(text);
  const inRange = rangeOf(text);
  return (cell) =>
    isSame(cell) ||
    numberIn(cell.trim()) === number ||
    (isPeriod && dateOf(cell.trim()).startsWith(text)) ||
    inRange(cell.trim());
}

/** Bounds are included, a year or month wholly; one may be missing. */
function rangeOf(text: string): (cell: string) => boolean {
  const [, from, to] = (range.exec(text) ?? []).map((bound) => bound.trim());
  if (from === undefined || to === undefined || from + to === "") return () => false;
  const low = numberIn(from);
  const high = numberIn(to);
  const areNumbers = [from, to].every((bound) => bound === "" || !Number.isNaN(Number(bound)));
  const areDates = [from, to].every((bound) => bound === "" || periodPattern.test(bound));
  return (cell) => {
    const x = numberIn(cell);
    if (areNumbers && !Number.isNaN(x))
      return (from === "" || x >= low) && (to === "" || x <= high);
    const date = areDates ? dateOf(cell) : "";
    return date !== "" && date >= from && (to === "" || date <= to || date.startsWith(to));
  };
}

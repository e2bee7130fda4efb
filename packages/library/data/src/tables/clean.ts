import { badTable, type DatasetError } from "../errors.js";
import { firstOf, setting } from "../names.js";
import { isMissing } from "./cells.js";
import { isGroup } from "./in-group.js";
import type { RowBatch, RowSource, TableColumn } from "./rows.js";
import { rowFilter } from "./where.js";

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
  what: "missing" | "infinite";
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
  const { numbers, masses = [], texts = [], condition } = request;
  const { missing = "error", log1p = false, group } = request;
  const faults = new Map<string, Fault>();
  const counts: CleanCounts = { all: 0, rows: 0, dropped: 0, groups: new Set() };
  const classColumn = condition?.kind === "text" ? condition.name : null;
  const conditionNumber = condition && classColumn === null ? [condition.name] : [];
  const numberColumns = [...numbers, ...masses, ...conditionNumber];
  const textColumns = [...texts, classColumn ?? [], group?.column ?? []].flat();
  const isInGroup = group ? isGroup(group.value) : null;
  const filter = request.where === undefined ? null : rowFilter(request.where, source);
  const columns = {
    numbers: [...numberColumns, ...(filter?.numbers ?? [])],
    texts: [...textColumns, ...(filter?.texts ?? [])],
    signal: request.signal,
  };
  for await (const batch of source.batches(columns)) {
    const { count, first } = batch;
    const filtered = {
      first,
      numbers: batch.numbers.slice(numberColumns.length),
      texts: batch.texts.slice(textColumns.length),
    };
    const groups = group ? (batch.texts[textColumns.length - 1] as string[]) : null;
    for (let i = 0; groups && i < count && counts.groups.size < mostGroups; i++)
      counts.groups.add(groups[i] as string);
    const all = Array.from({ length: count }, (_, i) => i).filter(
      (i) =>
        (!groups || isInGroup?.(groups[i] as string)) && (!filter || filter.keeps(filtered, i)),
    );
    const isWhole = new Array<boolean>(count).fill(true);
    const addFault = (name: string, what: Fault["what"], i: number) => {
      isWhole[i] = false;
      const fault = faults.get(`${what} ${name}`);
      if (fault) fault.count += 1;
      else faults.set(`${what} ${name}`, { name, what, first: first + i, count: 1 });
    };
    for (const [k, name] of numberColumns.entries()) {
      const values = batch.numbers[k] as Float64Array;
      const least = log1p && k < numbers.length ? 0 : -largest;
      for (const i of all) {
        const value = values[i] as number;
        if (value <= largest && value >= least) continue;
        if (value < 0 && value >= -largest)
          throw badTable(
            source.path,
            `column ${name} has ${value} in row ${first + i + 1}, which data.log1p=true cannot take: expected values from 0 on; leave log1p out, or write ${setting("data.exclude", [name])}`,
          );
        addFault(name, Number.isNaN(value) ? "missing" : "infinite", i);
      }
    }
    const classes = classColumn === null ? null : (batch.texts[texts.length] as string[]);
    for (const i of classes ? all : [])
      if (isMissing(classes?.[i] as string)) addFault(classColumn as string, "missing", i);
    const rows = all.filter((i) => isWhole[i]);
    counts.all += count;
    counts.rows += all.length;
    counts.dropped += all.length - rows.length;
    if (rows.length === 0 || (missing === "error" && counts.dropped > 0)) continue;
    const isAll = rows.length === count;
    const pickNumbers = (column: Float64Array) =>
      isAll ? column : Float64Array.from(rows, (i) => column[i] as number);
    const pickTexts = (column: string[]) => (isAll ? column : rows.map((i) => column[i] as string));
    const conditions =
      classes ?? (condition ? batch.numbers[numbers.length + masses.length] : undefined);
    yield {
      count: rows.length,
      rows: Int32Array.from(rows, (i) => first + i),
      numbers: batch.numbers.slice(0, numbers.length).map(pickNumbers),
      masses: masses.map((_, k) => pickNumbers(batch.numbers[numbers.length + k] as Float64Array)),
      texts: batch.texts.slice(0, texts.length).map(pickTexts),
      condition:
        conditions === undefined
          ? null
          : Array.isArray(conditions)
            ? pickTexts(conditions)
            : pickNumbers(conditions),
    };
  }
  if (missing === "error" && faults.size > 0)
    throw missingValues(source.path, [...faults.values()], { ...counts, numbers });
  return counts;
}

function missingValues(
  path: string,
  faults: readonly Fault[],
  { rows, dropped, numbers }: CleanCounts & Pick<CleanRequest, "numbers">,
): DatasetError {
  const [{ name, what, first, count }, ...others] = faults as [Fault, ...Fault[]];
  const names = others.map((fault) => fault.name);
  const more = names.length === 0 ? "" : `, others ${firstOf(names, 4)}`;
  const values =
    what === "missing"
      ? "missing values (NaN, empty, NA or null)"
      : `infinite values (or beyond ±${largest})`;
  const orExclude = numbers.includes(name) ? `, or ${setting("data.exclude", [name])}` : "";
  return badTable(
    path,
    `column ${name} has ${count} ${values}, the first in row ${first + 1}${more}; ${dropped} of ${rows} rows have such values: repair them, write data.missing=drop to leave these rows out${orExclude}`,
  );
}

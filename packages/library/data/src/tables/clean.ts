import { nounOf } from "@dsbm/files";
import { badTable, byOption, type DatasetError, firstOf } from "../errors.js";
import { groupFilter, type RowGroup } from "./row-group.js";
import type { RowBatch, RowSource, RowStart, TableColumn } from "./row-source.js";
import { type RowFilter, rowFilter } from "./where.js";

/** More columns are too many for a line. */
const mostExcluded = 8;

/** Larger values would overflow float32 in sums. */
const largestValue = 1e37;

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
  group?: RowGroup | null | undefined;
  /** See `rowFilter`; other rows are ignored. */
  where?: string | undefined;
  /** Where to begin, and the counts of the rows in front (default: at the first row). */
  resume?: { from: RowStart; counts: CleanCounts } | undefined;
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
  /** Where the next batch begins, and the counts of the rows in front of it. */
  next: { from: RowStart; counts: CleanCounts };
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
 * Whole rows in batches; returns their counts.
 * @throws {DatasetError} `BadTable` for missing and infinite values (after the last row) unless they are dropped, and
 * for values below 0 with `log1p`.
 */
export async function* cleanRows(
  source: RowSource,
  request: CleanRequest,
): AsyncGenerator<CleanBatch, CleanCounts> {
  const { numbers, masses = [], texts = [], condition, missing = "error", resume } = request;
  const counts = resume?.counts ?? { all: 0, rows: 0, dropped: 0, groups: new Set<string>() };
  const filters = filtersOf(source, request, counts.groups);
  const isClass = condition?.kind === "text";
  const dose = condition && !isClass ? [condition.name] : [];
  const numberColumns = [...numbers, ...masses, ...dose];
  const textColumns = [...texts, ...(isClass ? [condition.name] : [])];
  const faults = new FaultCounts(source);
  const columns = {
    numbers: [...numberColumns, ...filters.flatMap((filter) => filter.numbers)],
    texts: [...textColumns, ...filters.flatMap((filter) => filter.texts)],
    from: resume?.from,
    signal: request.signal,
  };
  for await (const batch of source.batches(columns)) {
    const { count, first } = batch;
    const others = {
      numbers: batch.numbers.splice(numberColumns.length),
      texts: batch.texts.splice(textColumns.length),
    };
    const all = keptRows({ ...others, count, first }, filters);
    faults.begin(count, first);
    for (const [k, name] of numberColumns.entries())
      checkNumbers(batch.numbers[k], all, {
        name,
        first,
        path: source.path,
        faults,
        log1p: request.log1p === true && k < numbers.length,
      });
    if (isClass)
      for (const i of all)
        if (source.isMissing(batch.texts.at(-1)![i])) faults.add(condition.name, i);
    const rows = all.filter((i) => faults.isWhole(i));
    addCounts(counts, { count, rows: all.length, whole: rows.length });
    if (rows.length === 0 || (missing === "error" && counts.dropped > 0)) continue;
    const pickedNumbers = batch.numbers.map((column) => pickRows(column, rows));
    const pickedTexts = batch.texts.map((column) => rows.map((i) => column[i]));
    yield {
      count: rows.length,
      rows: Int32Array.from(rows, (i) => first + i),
      numbers: pickedNumbers.slice(0, numbers.length),
      masses: pickedNumbers.slice(numbers.length, numbers.length + masses.length),
      texts: pickedTexts.slice(0, texts.length),
      condition: (condition && (isClass ? pickedTexts : pickedNumbers).at(-1)) ?? null,
      next: { from: { row: first + count, text: batch.next }, counts: { ...counts } },
    };
  }
  if (missing === "error" && faults.columns.size > 0)
    throw missingValues(source.path, [...faults.columns.values()], {
      ...counts,
      mayExclude: (name) =>
        numbers.includes(name) || source.columns.some(({ category }) => category === name),
    });
  return counts;
}

function addCounts(
  counts: CleanCounts,
  { count, rows, whole }: { count: number; rows: number; whole: number },
): void {
  counts.all += count;
  counts.rows += rows;
  counts.dropped += rows - whole;
}

/** The values of some rows in order; the column itself if these are all. */
function pickRows(column: Float64Array, rows: readonly number[]): Float64Array {
  if (rows.length === column.length) return column;
  const values = new Float64Array(rows.length);
  for (let i = 0; i < values.length; i++) values[i] = column[rows[i]];
  return values;
}

function filtersOf(
  source: RowSource,
  { group, where }: Pick<CleanRequest, "group" | "where">,
  groups: Set<string>,
): RowFilter[] {
  const filters: RowFilter[] = [];
  const kind = source.columns.find(({ name }) => name === group?.column)?.kind ?? "text";
  if (group) filters.push(groupFilter(group, kind, groups));
  if (where !== undefined) filters.push(rowFilter(where, source));
  return filters;
}

/** The rows of a batch that pass all filters; the batch has the columns of the filters, in order. */
function keptRows(
  { count, first, numbers, texts }: RowBatch,
  filters: readonly RowFilter[],
): number[] {
  const tests = filters.map((filter) => {
    const columns = {
      first,
      numbers: numbers.splice(0, filter.numbers.length),
      texts: texts.splice(0, filter.texts.length),
    };
    return (i: number) => filter.keeps(columns, i);
  });
  return Array.from({ length: count }, (_, i) => i).filter((i) => tests.every((test) => test(i)));
}

/** Missing values by column of the file, and the whole rows of the current batch. */
class FaultCounts {
  /** The missing values of each column. */
  readonly columns = new Map<string, Fault>();
  readonly #categories: ReadonlyMap<string, string>;
  #isWhole: boolean[] = [];
  #first = 0;

  constructor(private readonly source: Pick<RowSource, "columns" | "checkLevel">) {
    this.#categories = new Map(
      source.columns.flatMap(({ name, category }) => (category ? [[name, category]] : [])),
    );
  }

  /** Begins a batch of `count` rows, of which `first` is the first in the file. */
  begin(count: number, first: number): void {
    this.#isWhole = new Array<boolean>(count).fill(true);
    this.#first = first;
  }

  /**
   * Counts a missing value in row i of the batch.
   * @throws {DatasetError} `BadTable` for a text that is no level of its category.
   */
  add(column: string, i: number): void {
    const category = this.#categories.get(column);
    if (category) this.source.checkLevel?.(category, this.#first + i);
    const name = category ?? column;
    this.#isWhole[i] = false;
    const fault = this.columns.get(name) ?? { name, first: this.#first + i, count: 0 };
    fault.count += 1;
    this.columns.set(name, fault);
  }

  /** Whether row i of the batch has all its values. */
  isWhole(i: number): boolean {
    return this.#isWhole[i];
  }
}

/**
 * Counts the values of a column that are missing, infinite or too large.
 * @throws {DatasetError} `BadTable` for values below 0 with `log1p`.
 */
function checkNumbers(
  values: Float64Array,
  rows: readonly number[],
  {
    name,
    first,
    path,
    faults,
    log1p,
  }: { name: string; first: number; path: string; faults: FaultCounts; log1p: boolean },
): void {
  const least = log1p ? 0 : -largestValue;
  for (const i of rows) {
    const value = values[i];
    if (value <= largestValue && value >= least) continue;
    if (value < 0 && value >= -largestValue)
      throw badTable(
        path,
        `column ${name} has ${value} in row ${first + i + 1}, which data.log1p=true cannot take: expected values from 0 on`,
        ["leave log1p out", byOption("data.exclude", [name])],
      );
    faults.add(name, i);
  }
}

function missingValues(
  path: string,
  faults: readonly Fault[],
  { rows, dropped, mayExclude }: CleanCounts & { mayExclude(name: string): boolean },
): DatasetError {
  const [{ name, first, count }, ...others] = faults;
  const names = others.map((fault) => fault.name);
  const more = names.length === 0 ? "" : `, others ${firstOf(names, 4)}`;
  const drop = byOption("data.missing", ["drop"], "to leave these rows out");
  const open = [name, ...names].filter(mayExclude);
  const isShort = open.length > 0 && open.length <= mostExcluded;
  const exclude = isShort ? [byOption("data.exclude", open)] : [];
  return badTable(
    path,
    `column ${name} has ${count} missing ${nounOf(count, "value")} (NaN, empty, NA, null, infinite, or beyond ±${largestValue}), the first in row ${first + 1}${more}; ${dropped} of ${rows} rows ${nounOf(dropped, "has", "have")} such values`,
    ["repair them", drop, ...exclude],
  );
}

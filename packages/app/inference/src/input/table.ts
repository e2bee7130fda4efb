import { ConfigError, type SampleConfig, tableReading } from "@dsbm/config";
import {
  type CleanBatch,
  type CleanCounts,
  type CleanRequest,
  checkOneModel,
  chooseColumns,
  cleanRows,
  columnsOfFile,
  embedCategories,
  firstOf,
  type KeptCell,
  type KeptColumn,
  openRows,
  type ReadOptions,
  type RowSource,
  type Units,
} from "@dsbm/data";
import { timeValues } from "@dsbm/datasets";
import { nounOf } from "@dsbm/files";
import { showRows } from "@dsbm/runs";
import { timeLabel } from "../plan.js";
import { farRows } from "../ranges.js";
import { encodeConditions, type Trained, unitsOf } from "../trained.js";
import { matchedColumns } from "./columns.js";
import type { H5adPlace, Input, InputOptions, InputRows } from "./input.js";

/** Options of `dsbm sample` on the reading of a table. */
export type TableKeys = Pick<
  SampleConfig,
  | "keep"
  | "group"
  | "missing"
  | "where"
  | "decimal"
  | "thousands"
  | "na"
  | "booleans"
  | "header"
  | "key"
  | "layer"
>;

type TableInputOptions = Omit<InputOptions, "seed" | "resize" | "max_pixels" | "variables">;

/**
 * Opens a table whose columns fit the run.
 * @throws {ConfigError} for missing columns and groups, and a DatasetError for cells that cannot be read.
 */
export async function tableInput(path: string, options: TableInputOptions): Promise<Input> {
  const { trained, start, keys, progress } = options;
  const reading = readingOf(keys, trained.config.data);
  const file = await openRows(path, reading);
  const units = unitsOf(trained);
  const close = () => {
    units.dispose();
    file.close();
  };
  try {
    await chooseColumns(file, {
      ...reading,
      signal: options.signal,
      progress: showRows(progress, `reading counts of ${path}`),
    });
    if (trained.columns) checkOneModel(trained.columns.model, { path, embedding: file.embedding });
    const source = embedCategories(file, trained.columns?.categories ?? []);
    const columns = matchedColumns(source, {
      trained,
      keep: keys.keep,
      width: units.width,
      isAnnotated: start === null,
    });
    for (const note of [...source.notes, ...(start === null ? [] : columns.notes)])
      progress.line(note);
    return { ...(await openTable(path, source, units, columns, options)), [Symbol.dispose]: close };
  } catch (error) {
    close();
    throw error;
  }
}

async function openTable(
  path: string,
  source: RowSource,
  units: Units,
  { names, kept, condition }: ReturnType<typeof matchedColumns>,
  options: TableInputOptions,
): Promise<Omit<Input, typeof Symbol.dispose>> {
  const { trained, direction, start, batchRows, keys, signal } = options;
  const missing = keys.missing ?? trained.config.data.missing;
  const group = groupOf(source, { trained, direction, start, group: keys.group });
  let counts: CleanCounts | null = null;
  async function* cleaned() {
    counts = yield* cleanRows(source, {
      group,
      numbers: names,
      texts: kept,
      missing,
      where: keys.where ?? undefined,
      signal,
      log1p: trained.columns?.transform.log1p,
      condition: condition && {
        name: condition.name,
        kind: condition.classes ? "text" : "number",
      },
    });
  }
  const far = trained.columns && farRows(trained.columns, start, path);
  let head: CleanBatch | null = null;
  for await (head of cleaned()) break;
  if (head === null) throw noRows(path, { group, where: keys.where, counts });
  const { texts: heads } = head;
  const keptColumns = kept.map((name, k) => keptColumn(source, name, heads[k]));
  async function* batches(): AsyncGenerator<InputRows> {
    let first = 0;
    for await (const batch of inParts(cleaned(), batchRows)) {
      far?.add(batch.numbers);
      yield {
        x: units.apply(batch.numbers),
        numbers: batch.numbers,
        rows: batch.rows,
        kept: batch.texts.map((column, k) => keptCells(keptColumns[k], column, first)),
        conditions: condition
          ? encodeConditions(condition, batch.condition, { path, first })
          : undefined,
      };
      first += batch.count;
    }
  }
  const rows = source.rows === null ? "" : `${source.rows} rows of `;
  return {
    n: missing === "drop" || keys.where !== null || group ? null : source.rows,
    about: `${path}, ${rows}${columnsOfFile(names, trained.columns?.categories ?? []).length} columns`,
    table: { source, names, kept: keptColumns, h5ad: h5adPlace(path, source, keys, trained) },
    count: () => countRows(cleaned()),
    batches: batches(),
    notes: () => [...leftOut(path, group, counts), ...(far?.lines() ?? [])],
  };
}

async function countRows(batches: AsyncIterable<CleanBatch>): Promise<number> {
  let n = 0;
  for await (const { count } of batches) n += count;
  return n;
}

function h5adPlace(
  path: string,
  { format }: RowSource,
  keys: TableKeys,
  { config }: Trained,
): H5adPlace | null {
  const { layer } = readingOf(keys, config.data);
  return format === "h5ad" ? { path, layer: layer?.replace(/^.*\//, "") ?? "X" } : null;
}

/** How to read NEW: by the options of the command, else by the options of the training data. */
function readingOf(keys: TableKeys, data: Trained["config"]["data"]): ReadOptions {
  const own = Object.entries(keys).filter(([, value]) => value !== null);
  // The array of a .npz file has another name in another file.
  return { ...tableReading({ ...data, key: null, ...Object.fromEntries(own) }) };
}

/** Batches of at most `size` rows. */
async function* inParts(
  batches: AsyncIterable<CleanBatch>,
  size: number,
): AsyncGenerator<CleanBatch> {
  for await (const { count, rows, numbers, texts, condition, next } of batches)
    for (let low = 0; low < count; low += size) {
      const high = Math.min(low + size, count);
      yield {
        rows: rows.slice(low, high),
        count: high - low,
        numbers: numbers.map((column) => column.slice(low, high)),
        texts: texts.map((column) => column.slice(low, high)),
        condition: condition?.slice(low, high) ?? null,
        masses: [],
        next,
      };
    }
}

type RequestedGroup = NonNullable<CleanRequest["group"]>;

/**
 * The group of rows to sample from; null: all.
 * @throws {ConfigError} for a group of a table without groups.
 */
function groupOf(
  { path, columns }: RowSource,
  {
    trained,
    direction,
    start,
    group,
  }: Pick<InputOptions, "trained" | "direction" | "start"> & { group: string | null },
): RequestedGroup | null {
  const { split_by, source, target } = trained.config.data;
  const column = columns.find(({ name }) => name === split_by)?.name;
  if (group !== null && column === undefined)
    throw new ConfigError(
      `group=${group}: ${split_by === null ? `${trained.folder} was trained without data.split_by` : `${path} has no column ${split_by}`}: leave group out`,
    );
  const isCourse = timeValues(trained.config).length > 0;
  const usual = isCourse
    ? timeLabel(trained.config, start ?? 0)
    : direction === "f"
      ? source
      : target;
  const value = start === null ? null : (group ?? usual);
  return column === undefined || value === null || value === "*" ? null : { column, value };
}

function noRows(
  path: string,
  {
    group,
    where,
    counts,
  }: { group: RequestedGroup | null; where: string | null; counts: CleanCounts | null },
): ConfigError {
  if (counts?.dropped)
    return new ConfigError(
      `${path} has missing values in ${counts.dropped === 1 ? "its only row" : `each of ${counts.dropped} rows`}: repair them`,
    );
  if (counts?.all && where !== null)
    return new ConfigError(
      `where=${where} keeps no rows${group ? ` with ${group.column}=${group.value}` : ""} of ${path}: write a wider condition`,
    );
  if (!group || !counts?.all) return new ConfigError(`${path} has no rows: give a table with some`);
  const { column, value } = group;
  return new ConfigError(
    `${path}: no row has ${column}=${value}, which the run samples in this direction and from this time; ${column} has ${firstOf([...counts.groups], 10)}: write group=VALUE for the rows of another one, or group=* for all`,
  );
}

function leftOut(path: string, group: RequestedGroup | null, counts: CleanCounts | null): string[] {
  if (!counts) return [];
  const { all, rows, dropped, groups } = counts;
  return [
    ...(group && all > rows
      ? [
          `${path}: sampled from the rows with ${group.column}=${group.value}, skipped ${all - rows} of ${all} rows (${firstOf([...groups], 10)}): group=* transports all`,
        ]
      : []),
    ...(dropped > 0
      ? [`${path}: skipped ${dropped} ${nounOf(dropped, "row")} with missing values`]
      : []),
  ];
}

const wholeNumber = /^(0|-?[1-9]\d{0,17})$/;

function keptColumn(source: RowSource, name: string, head: readonly string[]): KeptColumn {
  const { kind } = source.columns.find((column) => column.name === name) as { kind: string };
  const integers = kind === "number" && head.every((text) => wholeNumber.test(text));
  return { name, kind: integers ? "integer" : "text" };
}

function keptCells(
  { name, kind }: KeptColumn,
  texts: readonly string[],
  first: number,
): KeptCell[] {
  if (kind === "text") return texts.map((text) => (text === "" ? null : text));
  return texts.map((text, i) => {
    if (text === "") return null;
    if (wholeNumber.test(text)) return BigInt(text);
    throw new ConfigError(
      `keep=${name}: row ${first + i + 1} holds ${JSON.stringify(text)}, after whole numbers: expected one kind of value; repair the column, or leave it out`,
    );
  });
}

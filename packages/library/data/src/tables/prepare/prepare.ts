// Reads a table once, into mapped files: reading text takes longer than training, and large tables
// do not fit into memory.
import { join } from "node:path";
import { writeFlushed } from "@dsbm/files";
import { io } from "@dsbm/torch";
import { badTable, type DatasetError, invalidOption } from "../../errors.js";
import { firstOf } from "../../names.js";
import { type CleanBatch, type CleanCounts, cleanRows } from "../clean.js";
import type { ConditionFacts, TableFacts } from "../facts.js";
import { openRows } from "../open.js";
import type { ReadOptions, RowSource } from "../rows.js";
import { type ColumnOptions, type EndColumns, matchColumns, selectColumns } from "../select.js";
import { conditionCodes } from "./codes.js";
import { columnRecord } from "./record.js";
import { heldOutRows, splitFile } from "./split.js";

/** Options of one table, next to the options of its reader. */
export interface OwnOptions extends Omit<ReadOptions, "limits">, ColumnOptions {
  /** Refuse (default) or drop rows with missing numbers. */
  missing?: "error" | "drop" | undefined;
  /** Replace x by log(1 + x). */
  log1p?: boolean | undefined;
  /** The value of the group column to keep. */
  group?: string | undefined;
  /** The dataset whose columns are read, in its order. */
  like?: EndColumns | undefined;
}

export interface PrepareOptions extends OwnOptions {
  fraction: number;
  seed: number;
  /** `total` is null if only reading tells. */
  progress: (state: { done: number; total: number | null }) => void;
  signal: AbortSignal | undefined;
}

/**
 * Writes of each split rows_SPLIT.npy [n, d] float32, numbers_SPLIT.npy (rows in the file from 0),
 * condition_SPLIT.npy [n, 1] and masses_SPLIT.npy [n, columns] float64; and facts.json. Throws a `DatasetError`, and the signal's reason.
 */
export async function prepareRows(
  path: string,
  folder: string,
  options: PrepareOptions,
): Promise<void> {
  const source = await openRows(path, options);
  try {
    const facts = await writeRows(source, folder, options);
    writeFlushed(join(folder, "facts.json"), JSON.stringify(facts));
  } finally {
    source.close();
  }
}

async function writeRows(
  source: RowSource,
  folder: string,
  options: PrepareOptions,
): Promise<TableFacts> {
  const { path, format, named, notes } = source;
  const { trained, kept, condition, group } = selectColumns(source, options);
  const { log1p = false, like, missing, where, progress, signal } = options;
  const columns = like ? matchColumns(like, { path, named, columns: trained }) : trained;
  const record = columnRecord(columns.length, log1p);
  const codes = condition && conditionCodes(path, condition);
  const massKeys = Object.keys(options.masses ?? {});
  const massNames = Object.values(options.masses ?? {});
  const sums = massKeys.map(() => 0);
  const counts = await readAll();
  const n = record.count();
  if (n < 2) throw tooFewRows(path, n, { counts, ...options });
  const isHeld = heldOutRows(n, options);
  const learnt = record.facts(columns);
  const moments = splitFile(folder, "rows", { isHeld }).moments(learnt.offset);
  splitFile(folder, "numbers", { isHeld });
  if (massKeys.length > 0) splitFile(folder, "masses", { isHeld });
  checkMasses(path, options, sums);
  let conditionFacts: ConditionFacts | null = null;
  if (codes) {
    const { code, classes, range } = codes.finish();
    const { mean, variance } = splitFile(folder, "condition", { isHeld, change: code }).moments([
      0,
    ]);
    const m = mean[0] as number;
    const v = variance[0] as number;
    conditionFacts = { name: condition.name, classes, mean: m, variance: v, range };
  }
  return {
    path,
    format,
    group: options.group ?? null,
    columns,
    named,
    kept,
    log1p,
    all: counts.all,
    rows: counts.rows,
    dropped: counts.dropped,
    train: moments.n,
    test: n - moments.n,
    condition: conditionFacts,
    masses: Object.fromEntries(massKeys.map((key, k) => [key, sums[k] as number])),
    ...learnt,
    moments,
    notes: [...notes],
  };

  async function readAll(): Promise<CleanCounts> {
    const file = (name: string) => join(folder, `${name}.npy`);
    using rows = new io.npy.NpyWriter(file("rows"), "float32", [columns.length]);
    using numbers = new io.npy.NpyWriter(file("numbers"), "float64", [1]);
    using conditions = codes && new io.npy.NpyWriter(file("condition"), "float64", [1]);
    using masses =
      massKeys.length > 0
        ? new io.npy.NpyWriter(file("masses"), "float64", [massKeys.length])
        : null;
    const reading = cleanRows(source, {
      numbers: columns,
      masses: massNames,
      condition,
      missing,
      log1p,
      where,
      signal,
      group:
        group === null || options.group === undefined
          ? null
          : { column: group, value: options.group },
    });
    for (;;) {
      const next = await reading.next();
      if (next.done) return next.value;
      const batch = next.value;
      const { count } = batch;
      rows.append(io.fromTyped(record.add(batch), [count, columns.length]));
      numbers.append(io.fromTyped(Float64Array.from(batch.rows), [count, 1]));
      if (batch.condition && codes)
        conditions?.append(io.fromTyped(codes.add(batch.condition), [count, 1]));
      masses?.append(io.fromTyped(addMasses(batch), [count, massKeys.length]));
      progress({ done: (batch.rows.at(-1) as number) + 1, total: source.rows });
    }
  }

  /** Returns them row by row. */
  function addMasses({ masses, rows, count }: CleanBatch): Float64Array {
    const stored = new Float64Array(count * masses.length);
    for (const [k, column] of masses.entries())
      for (const [i, value] of column.entries()) {
        const key = massKeys[k] as string;
        if (value < 0 && amounts.includes(key))
          throw badTable(
            path,
            `${key}=${massNames[k]} has ${value} in row ${(rows[i] as number) + 1}: expected numbers from 0 on`,
          );
        stored[i * masses.length + k] = value;
        sums[k] = (sums[k] as number) + value;
      }
    return stored;
  }
}

/** Columns for masses with amounts; other columns have rates. */
const amounts = ["weights", "mass"];

function checkMasses(
  path: string,
  { masses = {}, split_by, group }: OwnOptions,
  sums: readonly number[],
): void {
  for (const [k, [key, name]] of Object.entries(masses).entries())
    if (amounts.includes(key) && sums[k] === 0)
      throw badTable(
        path,
        `${key}=${name} is 0 in all rows${group === undefined ? "" : ` with ${split_by}=${group}`}: expected some numbers above 0`,
      );
}

function tooFewRows(
  path: string,
  n: number,
  { counts, split_by, group, where }: { counts: CleanCounts } & PrepareOptions,
): DatasetError {
  if (split_by !== undefined && group !== undefined && counts.rows === 0 && where === undefined)
    return invalidOption(
      `${path}: no row has ${split_by}=${group}; ${split_by} has ${firstOf([...counts.groups], 10)}: write an existing value as data.source or data.target, or a range such as 1990..1999`,
    );
  const rows = n === 1 ? "1 row" : "no rows";
  if (where !== undefined)
    return invalidOption(
      `data.where=${where} keeps ${rows}${group === undefined ? "" : ` with ${split_by}=${group}`} of ${path}: expected 2 or more; write a wider condition`,
    );
  const left = counts.dropped > 0 ? ` left, since ${counts.dropped} have missing values` : "";
  return badTable(path, `has ${rows}${left}: expected 2 or more, to train on and to test on`);
}

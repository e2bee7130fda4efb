// Reads a table once, into mapped files: reading text takes longer than training, and large tables
// do not fit into memory.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { stream } from "@dsbm/bridge";
import { writeFlushed } from "@dsbm/files";
import { io, randperm, tidy } from "@dsbm/torch";
import { testCount } from "../../data-set.js";
import { badTable, type DatasetError, firstOf, invalidOption } from "../../errors.js";
import { type CleanBatch, type CleanCounts, cleanRows } from "../clean.js";
import type { TableFacts } from "../facts.js";
import { openRows } from "../open.js";
import type { ReadOptions, RowSource } from "../rows.js";
import { type ColumnOptions, type EndColumns, matchColumns, selectColumns } from "../select.js";
import { toRows } from "../units.js";
import { conditionCodes } from "./codes.js";

type LearntFacts = Pick<TableFacts, "offset" | "range" | "whole" | "spread" | "counters">;

function columnRecord(d: number, log1p: boolean) {
  let n = 0;
  let offset: number[] = [];
  let spread: number[] = [];
  let first: number[] = [];
  const min = new Array<number>(d).fill(Number.POSITIVE_INFINITY);
  const max = new Array<number>(d).fill(Number.NEGATIVE_INFINITY);
  const isCounter = new Array<boolean>(d).fill(true);
  const whole = new Array<boolean>(d).fill(true);

  /** Offsets are medians of the first rows. */
  function begin(numbers: readonly Float64Array[], values: readonly Float64Array[]): void {
    const sorted = values.map((column) => column.slice().sort());
    const quantile = (column: Float64Array, q: number) =>
      column[Math.floor(q * (column.length - 1))];
    offset = sorted.map((column) => quantile(column, 0.5));
    spread = sorted.map((column) => quantile(column, 0.75) - quantile(column, 0.25));
    first = numbers.map((column) => column[0]);
  }

  return {
    count: () => n,

    /** Returns rows in their stored form, [count, d]. */
    add({ numbers, count }: CleanBatch): Float32Array {
      const values = log1p ? numbers.map((column) => column.map(Math.log1p)) : numbers;
      if (n === 0) begin(numbers, values);
      const stored = new Float32Array(count * d);
      for (const [k, column] of values.entries()) {
        const centre = offset[k];
        let least = min[k];
        let most = max[k];
        for (let i = 0; i < count; i++) {
          const x = column[i];
          stored[i * d + k] = x - centre;
          if (x < least) least = x;
          if (x > most) most = x;
        }
        min[k] = least;
        max[k] = most;
        whole[k] &&= numbers[k].every(Number.isInteger);
        if (isCounter[k]) isCounter[k] = numbers[k].every((x, i) => x === first[k] + n + i);
      }
      n += count;
      return stored;
    },

    facts: (columns: readonly string[]): LearntFacts => ({
      offset,
      range: { min, max },
      whole,
      spread,
      counters: n > 2 ? columns.filter((_, k) => isCounter[k]) : [],
    }),
  };
}

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

interface PrepareOptions extends OwnOptions {
  fraction: number;
  seed: number;
  /** `total` is null if only reading tells. */
  progress: (state: { done: number; total: number | null }) => void;
  signal: AbortSignal | undefined;
}

/**
 * Writes of each split rows_SPLIT.npy [n, d] float32, beside_SPLIT.npy [n, 1 + …] float64 (rows in
 * the file from 0, the condition, and the masses), and facts.json. Throws a `DatasetError`, and the
 * signal's reason.
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
  const { trained, condition } = selectColumns(source, options);
  const { log1p = false, like, missing, where, keep = [], masses = {} } = options;
  const { split_by, group, progress, signal } = options;
  const columns = like ? matchColumns(like, { path, named, columns: trained }) : trained;
  const record = columnRecord(columns.length, log1p);
  const codes = condition && conditionCodes(path, condition);
  const sums = Object.fromEntries(Object.keys(masses).map((key) => [key, 0]));
  const counts = await readAll();
  const n = record.count();
  if (n < 2) throw tooFewRows(path, n, { counts, ...options });
  checkMasses(path, options, sums);
  const isHeld = heldOutRows(n, options);
  const learnt = record.facts(columns);
  const moments = splitFile(folder, "rows", { isHeld, offset: learnt.offset });
  const known = codes?.finish() ?? null;
  const change = (x: number, k: number) => (known && k === 1 ? known.code(x) : x);
  const beside = splitFile(folder, "beside", { isHeld, change });
  return {
    path,
    format,
    group: group ?? null,
    columns,
    named,
    kept: [...keep],
    log1p,
    all: counts.all,
    rows: counts.rows,
    dropped: counts.dropped,
    train: moments.n,
    test: n - moments.n,
    condition: condition &&
      known && {
        name: condition.name,
        classes: known.classes,
        mean: beside.mean[1],
        variance: beside.variance[1],
        range: known.range,
      },
    masses: sums,
    ...learnt,
    moments,
    notes: [...notes],
  };

  async function readAll(): Promise<CleanCounts> {
    const file = (name: string) => join(folder, `${name}.npy`);
    const width = 1 + (codes ? 1 : 0) + Object.keys(masses).length;
    using rows = new io.npy.NpyWriter(file("rows"), "float32", [columns.length]);
    using beside = new io.npy.NpyWriter(file("beside"), "float64", [width]);
    const reading = cleanRows(source, {
      numbers: columns,
      masses: Object.values(masses),
      condition,
      missing,
      log1p,
      where,
      signal,
      group: split_by && group !== undefined ? { column: split_by, value: group } : null,
    });
    for (;;) {
      const next = await reading.next();
      if (next.done) return next.value;
      const batch = next.value;
      const { count } = batch;
      addMasses(batch);
      rows.append(io.fromTyped(record.add(batch), [count, columns.length]));
      const others = [
        Float64Array.from(batch.rows),
        ...(codes ? [codes.add(batch.condition!)] : []),
        ...batch.masses,
      ];
      beside.append(io.fromTyped(toRows(others, "float64"), [count, width]));
      progress({ done: batch.rows.at(-1)! + 1, total: source.rows });
    }
  }

  function addMasses(batch: CleanBatch): void {
    for (const [k, [key, name]] of Object.entries(masses).entries()) {
      const column = batch.masses[k];
      const i = amounts.includes(key) ? column.findIndex((value) => value < 0) : -1;
      if (i >= 0)
        throw badTable(
          path,
          `${key}=${name} has ${column[i]} in row ${batch.rows[i] + 1}: expected numbers from 0 on`,
        );
      sums[key] = column.reduce((sum, value) => sum + value, sums[key]);
    }
  }
}

/** Columns for masses with amounts; other columns have rates. */
const amounts = ["weights", "mass"];

function checkMasses(
  path: string,
  { masses = {}, split_by, group }: OwnOptions,
  sums: Readonly<Record<string, number>>,
): void {
  for (const [key, name] of Object.entries(masses))
    if (amounts.includes(key) && sums[key] === 0)
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

/** A random choice by the seed, equal for a table and its conditions. */
function heldOutRows(
  n: number,
  { fraction, seed }: { fraction: number; seed: number },
): Uint8Array {
  const isHeld = new Uint8Array(n);
  const rows = tidy(() =>
    randperm(n, { generator: stream(seed, `table/split/${n}`) })
      .narrow(0, 0, testCount(fraction, n))
      .to("float64")
      .toArray(),
  );
  for (const row of rows as Float64Array) isHeld[row] = 1;
  return isHeld;
}

/** With divisor n. */
export interface ColumnMoments {
  n: number;
  mean: number[];
  variance: number[];
}

interface SplitOptions {
  isHeld: Uint8Array;
  /** Rows are x − offset. */
  offset?: readonly number[];
  change?: (x: number, k: number) => number;
}

/** Splits NAME.npy of a folder, [n, d], into NAME_train.npy and NAME_test.npy. Returns moments of the training rows x. */
function splitFile(
  folder: string,
  name: string,
  { isHeld, offset, change = (x) => x }: SplitOptions,
): ColumnMoments {
  const path = join(folder, `${name}.npy`);
  using file = io.mapNpy(path);
  const { dtype } = file;
  const [n, d] = file.shape;
  using train = new io.npy.NpyWriter(join(folder, `${name}_train.npy`), dtype, [d]);
  using test = new io.npy.NpyWriter(join(folder, `${name}_test.npy`), dtype, [d]);
  const sums = new Float64Array(d);
  const squares = new Float64Array(d);
  let trained = 0;
  const rows = Math.max(1, Math.floor(2 ** 20 / d));
  for (let first = 0; first < n; first += rows) {
    const count = Math.min(rows, n - first);
    const raw = tidy(() => file.narrow(0, first, count).toArray() as Float32Array | Float64Array);
    const block = raw.map((x, i) => change(x, i % d));
    const held = block.slice();
    let trainLength = 0;
    let testLength = 0;
    for (let i = 0; i < count; i++) {
      const row = block.subarray(i * d, (i + 1) * d);
      if (isHeld[first + i] === 1) {
        held.set(row, testLength);
        testLength += d;
      } else {
        trained += 1;
        for (let k = 0; k < d; k++) {
          const x = row[k];
          sums[k] = sums[k] + x;
          squares[k] = squares[k] + x * x;
        }
        block.set(row, trainLength);
        trainLength += d;
      }
    }
    train.append(io.fromTyped(block.subarray(0, trainLength), [trainLength / d, d]));
    test.append(io.fromTyped(held.subarray(0, testLength), [testLength / d, d]));
  }
  train.close({ sync: true });
  test.close({ sync: true });
  rmSync(path);
  const centred = Array.from(sums, (sum) => sum / trained);
  return {
    n: trained,
    mean: centred.map((m, k) => m + (offset?.[k] ?? 0)),
    variance: centred.map((m, k) => Math.max(squares[k] / trained - m * m, 0)),
  };
}

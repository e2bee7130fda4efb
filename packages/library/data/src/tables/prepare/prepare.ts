// Reads a table once, into mapped files: reading text takes longer than training, and large tables
// do not fit into memory.
import { join } from "node:path";
import { writeFlushed } from "@dsbm/files";
import { io } from "@dsbm/torch";
import { badTable, type DatasetError, firstOf, invalidOption } from "../../errors.js";
import { contentDigest } from "../../files/read.js";
import { type ColumnCategory, embedCategories, withLevels } from "../categories.js";
import { type CleanCounts, cleanRows } from "../clean.js";
import type { TableFacts } from "../facts.js";
import { toRows } from "../number-rows.js";
import { openRows } from "../open.js";
import type { ReadOptions, RowSource, TableColumn } from "../rows.js";
import { type ColumnOptions, matchColumns, selectColumns } from "../select.js";
import { type CategoryOptions, chooseCategories } from "./choose-categories.js";
import { chooseColumns } from "./choose-columns.js";
import { conditionCodes } from "./codes.js";
import { columnRecord } from "./column-record.js";
import { checkDiskSpace } from "./disk-space.js";
import { edgeShares } from "./edges.js";
import { MassSums } from "./masses.js";
import { heldOutRows, splitFile } from "./split.js";

/** Options of one table, next to the options of its reader. */
export interface OwnOptions extends Omit<ReadOptions, "limits">, ColumnOptions, CategoryOptions {
  /** Refuse (default) or drop rows with missing numbers. */
  missing?: "error" | "drop" | undefined;
  /** Replace x by log(1 + x). */
  log1p?: boolean | undefined;
  /** The value of the group column to keep. */
  group?: string | undefined;
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
    const choice = await chooseCategories(source, options);
    const embedded = embedCategories(source, choice.categories);
    const facts = await writeRows(embedded, folder, choice, options);
    writeFlushed(join(folder, "facts.json"), JSON.stringify(facts));
  } finally {
    source.close();
  }
}

async function writeRows(
  source: RowSource,
  folder: string,
  { categories, ignored, notes }: Awaited<ReturnType<typeof chooseCategories>>,
  options: PrepareOptions,
): Promise<TableFacts> {
  const { path, format, named } = source;
  const choice = await chooseColumns(source, options);
  const { trained, condition } = selectColumns(source, {
    ...options,
    columns: trainedList(choice.columns, categories, options),
    exclude: [...(options.exclude ?? []), ...ignored],
  });
  const { log1p = false, like, keep = [], split_by, group } = options;
  const columns = like ? matchColumns(like, { path, named, columns: trained }) : trained;
  const reading = newReading(path, { columns, condition }, options);
  const counts = await copyRows(source, folder, reading, options);
  const n = reading.record.count();
  if (n < 2) throw tooFewRows(path, n, { counts, ...options });
  reading.masses.check(group === undefined ? "" : ` with ${split_by}=${group}`);
  const isHeld = heldOutRows(n, options);
  const learnt = reading.record.facts(columns);
  const edges = edgeShares(folder, learnt);
  const moments = splitFile(folder, "rows", { isHeld, offset: learnt.offset });
  const known = reading.codes?.finish() ?? null;
  const change = (x: number, k: number) => (known && k === 1 ? known.code(x) : x);
  const beside = splitFile(folder, "beside", { isHeld, change });
  return {
    path,
    digest: contentDigest(path),
    format,
    group: group ?? null,
    columns,
    named,
    categories: [...categories],
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
    masses: reading.masses.sums,
    ...learnt,
    edges,
    moments,
    notes: [...source.notes, ...choice.notes, ...notes],
  };
}

/** The columns to train on with levels instead of categories, to which named categories belong; undefined: all. */
function trainedList(
  columns: readonly string[] | undefined,
  categories: readonly ColumnCategory[],
  { categories: list }: OwnOptions,
): string[] | undefined {
  if (!columns) return undefined;
  const isNamed = ({ name }: ColumnCategory) => list?.includes(name) && !columns.includes(name);
  const more = categories.filter(isNamed).map(({ name }) => name);
  return withLevels([...columns, ...more], categories);
}

/** What a reading of a table fills. */
interface Reading {
  columns: readonly string[];
  condition: TableColumn | null;
  record: ReturnType<typeof columnRecord>;
  codes: ReturnType<typeof conditionCodes> | null;
  masses: MassSums;
}

const newReading = (
  path: string,
  { columns, condition }: Pick<Reading, "columns" | "condition">,
  { log1p = false, masses = {} }: OwnOptions,
): Reading => ({
  columns,
  condition,
  record: columnRecord(columns.length, log1p),
  codes: condition && conditionCodes(path, condition),
  masses: new MassSums(path, masses),
});

/** Copies usable rows to rows.npy, and their numbers, conditions and masses to `beside.npy`. */
async function copyRows(
  source: RowSource,
  folder: string,
  { columns, condition, record, codes, masses }: Reading,
  {
    missing,
    log1p,
    where,
    signal,
    split_by,
    group,
    progress,
    masses: massColumns = {},
  }: PrepareOptions,
): Promise<CleanCounts> {
  const file = (name: string) => join(folder, `${name}.npy`);
  const width = 1 + (codes ? 1 : 0) + Object.keys(massColumns).length;
  const total = source.rows ?? source.estimatedRows ?? null;
  if (total !== null)
    checkDiskSpace(source.path, folder, { rows: total, columns: columns.length, beside: width });
  using rows = new io.npy.NpyWriter(file("rows"), "float32", [columns.length]);
  using beside = new io.npy.NpyWriter(file("beside"), "float64", [width]);
  const reading = cleanRows(source, {
    numbers: columns,
    masses: Object.values(massColumns),
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
    masses.add(batch);
    rows.append(io.fromTyped(record.add(batch), [count, columns.length]));
    const others = [
      Float64Array.from(batch.rows),
      ...(codes ? [codes.add(batch.condition!)] : []),
      ...batch.masses,
    ];
    beside.append(io.fromTyped(toRows(others, "float64"), [count, width]));
    const done = batch.rows.at(-1)! + 1;
    progress({ done, total: total && Math.max(total, done) });
  }
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

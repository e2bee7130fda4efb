// Reads a table once, into mapped files: reading text takes longer than training, and large tables
// do not fit into memory.
import { join } from "node:path";
import { writeFlushed } from "@dsbm/files";
import { badTable, type DatasetError, firstOf, invalidOption } from "../../errors.js";
import type { PrepareWork } from "../../files/prepared-set.js";
import { contentDigest } from "../../files/read.js";
import { type ColumnCategory, embedCategories, withLevels } from "../categories.js";
import type { CleanCounts } from "../clean.js";
import type { TableFacts } from "../facts.js";
import { openRows } from "../open.js";
import type { ReadOptions, RowSource } from "../row-source.js";
import { type ColumnOptions, matchColumns, selectColumns } from "../select.js";
import { type CategoryOptions, chooseCategories } from "./choose-categories.js";
import { chooseColumns } from "./choose-columns.js";
import type { LearntFacts } from "./column-record.js";
import { EdgeCounts } from "./edges.js";
import { TableReading } from "./reading.js";
import { RowHashes } from "./repeated-rows.js";
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

/** How one table is prepared. */
export interface PrepareOptions extends OwnOptions, PrepareWork {}

/**
 * Writes of each split rows_SPLIT.npy [n, d] float32, beside_SPLIT.npy [n, 1 + …] float64 (rows in the file from 0, the
 * condition, and the masses), and facts.json. Resumes a reading of the folder.
 * @throws {DatasetError}, and the signal's reason.
 */
export async function prepareRows(
  path: string,
  folder: string,
  options: PrepareOptions,
): Promise<void> {
  const { rows } = options;
  const source = await (rows?.open(path, options) ?? openRows(path, options));
  try {
    const choice = await chooseCategories(source, options);
    const embedded = embedCategories(rows?.share(source) ?? source, choice.categories);
    const facts = await writeRows(embedded, folder, choice, options);
    writeFlushed(join(folder, "facts.json"), JSON.stringify(facts));
  } finally {
    if (!rows) source.close();
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
  options.chosen?.({ path, named, columns, categories: [...categories] });
  const reading = new TableReading(source, folder, { columns, condition }, options);
  const counts = await reading.copyRows();
  const n = reading.record.count();
  if (n < 2) throw tooFewRows(path, n, { counts, ...options });
  reading.masses.check(group === undefined ? "" : ` with ${split_by}=${group}`);
  const learnt = reading.record.facts(columns);
  const { known, moments, beside, edges, repeated } = await splitTable(
    reading,
    learnt,
    folder,
    options,
  );
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
    repeated,
    moments,
    embedding: await embeddingFacts(source),
    notes: [...source.notes, ...choice.notes, ...notes],
  };
}

const embeddingFacts = async ({ embedding, isCentred }: RowSource) =>
  embedding && { ...embedding, isCentred: (await isCentred?.()) ?? false };

/** Splits the rows that were read, and removes their files. */
async function splitTable(
  reading: TableReading,
  learnt: LearntFacts,
  folder: string,
  options: PrepareOptions,
) {
  const n = reading.record.count();
  const isHeld = heldOutRows(n, options);
  const edges = new EdgeCounts(learnt);
  const hashes = new RowHashes(isHeld, learnt.offset.length);
  const moments = await splitFile(folder, "rows", {
    isHeld,
    offset: learnt.offset,
    visit(block, done) {
      options.signal?.throwIfAborted();
      options.refresh();
      edges.add(block);
      hashes.add(block);
      options.progress({ done, total: n, isSplitting: true });
    },
  });
  const known = reading.codes?.finish() ?? null;
  const change = known ? { column: 1, value: known.code } : undefined;
  const beside = await splitFile(folder, "beside", { isHeld, change });
  reading.removeFiles();
  return { known, moments, beside, edges: edges.shares(), repeated: hashes.count() };
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

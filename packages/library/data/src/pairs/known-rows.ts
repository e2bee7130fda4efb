// Known pairs of the user's own: a table that says which row of the source belongs to which row of the target, by row
// numbers, by ids in a column of both tables, or by the names of pictures.
import { tidy } from "@dsbm/torch";
import type { TableOptions } from "../data-set.js";
import { DatasetError, invalidOption } from "../errors.js";
import { firstOf } from "../names.js";
import { loadTable } from "../registry.js";
import type { Origin } from "../table.js";
import { isGroup } from "../tables/clean.js";
import { openRows } from "../tables/open.js";
import type { RowSource, TableColumn } from "../tables/rows.js";

/** An end of a bridge by the name of its data, and how these are loaded. */
export interface PairedEnd {
  name: string;
  options: Omit<TableOptions, "split">;
}

/** Pairs of training rows: sample `x0[k]` of the source and sample `x1[k]` of the target. */
export interface KnownRows {
  x0: Int32Array;
  x1: Int32Array;
  /** Pairs in the file; those with a row that is held out or dropped are not among the above. */
  given: number;
}

export interface PairOptions {
  id?: string | null;
  interval?: { number: number; of: number } | null;
  signal?: AbortSignal | undefined;
}

const bad = (message: string) => new DatasetError("BadTable", message);

/**
 * Reads known pairs: a file of two columns (or with columns `source` and `target`) of row numbers, counted from 1, or of the
 * values of the column `id` of both tables, or of paths of pictures below their folders. Data must be prepared
 * (`prepareTable`). With `interval`, a number from 1 to `of`, the file has a column of that name, and the pairs are those of one
 * interval between two of several data sets. Throws a `DatasetError`, one line: `BadTable` for rows and ids that are not there
 * and for a row that is in two pairs, and those of the readers.
 */
export async function readPairs(
  path: string,
  ends: { source: PairedEnd; target: PairedEnd },
  { id = null, interval = null, signal }: PairOptions = {},
): Promise<KnownRows> {
  const cells = await readCells(path, interval, signal);
  const from = await lookUp(path, "source", ends.source, cells, { id, signal });
  const to = await lookUp(path, "target", ends.target, cells, { id, signal });
  const both = Array.from(from.keys()).filter((k) => from[k] !== -1 && to[k] !== -1);
  const [x0, x1] = [from, to].map((rows) => Int32Array.from(both, (k) => rows[k] as number));
  return { x0: x0 as Int32Array, x1: x1 as Int32Array, given: from.length };
}

/** A cell of the source and one of the target, and the row of the file. */
interface CellPair {
  source: string;
  target: string;
  row: number;
}

/** The two columns as texts; of one interval, where the file has several. */
async function readCells(
  path: string,
  interval: PairOptions["interval"],
  signal: AbortSignal | undefined,
): Promise<CellPair[]> {
  const file = await openRows(path, { header: "auto" });
  try {
    const names = columnsOf(file, interval ? ["interval"] : []);
    const found: CellPair[] = [];
    let row = 0;
    for await (const { texts } of file.batches({ texts: names, signal }))
      for (const [i, source] of (texts[0] as string[]).entries()) {
        row++;
        const [target, place] = texts.slice(1).map((column) => column?.[i]?.trim());
        const isOurs = !interval || Number(place) === interval.number;
        if (
          interval &&
          !(/^\d+$/.test(place ?? "") && Number(place) >= 1 && Number(place) <= interval.of)
        )
          throw bad(
            `${path}: row ${row} has the interval ${JSON.stringify(place)}; expected 1 to ${interval.of}, from one data set to the next`,
          );
        if (isOurs) found.push({ source: source.trim(), target: target as string, row });
      }
    if (row === 0) throw bad(`${path}: has no rows: expected a known pair in each`);
    return found;
  } finally {
    file.close();
  }
}

function columnsOf(
  { path, columns }: Pick<RowSource, "path" | "columns">,
  more: readonly string[],
): string[] {
  const names = columns.map(({ name }: TableColumn) => name);
  const wanted = ["source", "target", ...more];
  if (wanted.every((name) => names.includes(name))) return wanted;
  const has = `${path}: has the columns ${firstOf(names, 8)}`;
  if (more.length > 0)
    throw bad(`${has}: of several data sets expected columns named ${wanted.join(", ")}`);
  if (names.length === 2) return names;
  throw bad(
    `${has}: expected two, a row of the source and one of the target, or columns named source and target`,
  );
}

/** The training row of each cell; −1 for rows that are not trained on. */
async function lookUp(
  path: string,
  end: "source" | "target",
  { name, options }: PairedEnd,
  pairs: readonly CellPair[],
  { id, signal }: { id: string | null; signal: AbortSignal | undefined },
): Promise<Int32Array> {
  const { origin, source } = trainingRows(name, options);
  const what = `the ${end} ${source}`;
  const places = new Int32Array(origin.total).fill(-1);
  origin.rows.forEach((row, place) => {
    places[row] = place;
  });
  const rowOf =
    id !== null
      ? byName(await idsOf(name, { id, ...options.table }, signal), { what, id })
      : origin.names && !pairs.every((pair) => /^\d+$/.test(pair[end]))
        ? byName(origin.names.entries(), { what, id: null })
        : byNumber(origin.total, { what, isTable: name.startsWith("table:") });
  const seen = new Map<number, number>();
  return Int32Array.from(pairs, (pair) => {
    const cell = pair[end];
    const where = `${path}: row ${pair.row}`;
    const row = rowOf(cell, where);
    const before = seen.get(row);
    if (before !== undefined)
      throw bad(
        `${where} has ${cell} of ${what}, which row ${before} has too: expected each row of an end in one pair at most`,
      );
    seen.set(row, pair.row);
    return places[row] as number;
  });
}

/** Where the training rows of an end stand. */
function trainingRows(name: string, options: PairedEnd["options"]) {
  return tidy((): { origin: Origin; source: string } => {
    const { x, origin, source } = loadTable(name, { ...options, split: "train" });
    const total = x.size(0);
    const asTheyLie = () => ({ rows: Int32Array.from({ length: total }, (_, i) => i), total });
    return { origin: (origin ?? asTheyLie)(), source };
  });
}

/** The row, from 0, that a cell of the file of pairs names. */
type RowOf = (cell: string, where: string) => number;

function byNumber(total: number, { what, isTable }: { what: string; isTable: boolean }): RowOf {
  return (cell, where) => {
    if (!/^\d+$/.test(cell))
      throw bad(
        `${where} has ${JSON.stringify(cell.slice(0, 40))}: expected the number of a row of ${what}, counted from 1${isTable ? "; write data.id=COLUMN for ids" : ""}`,
      );
    const number = Number(cell);
    if (number >= 1 && number <= total) return number - 1;
    throw bad(
      `${where} has row ${cell} of ${what}, which has ${total}: expected 1 to ${total}, counted from 1`,
    );
  };
}

function byName(
  names: Iterable<readonly [row: number, name: string]>,
  { what, id }: { what: string; id: string | null },
): RowOf {
  const rows = new Map<string, number>();
  const twice = new Map<string, number>();
  for (const [row, name] of names) {
    const known = rows.get(name);
    if (known === undefined) rows.set(name, row);
    else if (!twice.has(name)) twice.set(name, row);
  }
  const kind = id === null ? "picture" : `row with ${id}=`;
  return (cell, where) => {
    const row = rows.get(cell);
    const shown = cell.slice(0, 80);
    if (row === undefined)
      throw bad(
        id === null
          ? `${where} has ${JSON.stringify(shown)}, and ${what} has no such ${kind}: expected the path of a picture below it`
          : `${where} has ${JSON.stringify(shown)}, and ${what} has no ${kind}${shown}: expected a value of the column ${id} (data.id)`,
      );
    const other = twice.get(cell);
    if (other !== undefined)
      throw bad(
        `${where} has ${JSON.stringify(shown)}, which is in rows ${row + 1} and ${other + 1} of ${what}: expected each value of data.id=${id} once`,
      );
    return row;
  };
}

/** The rows of an end's table, from 0, with their ids. */
async function idsOf(
  name: string,
  { id, split_by, group, ...reading }: { id: string } & NonNullable<TableOptions["table"]>,
  signal: AbortSignal | undefined,
): Promise<[number, string][]> {
  if (!name.startsWith("table:"))
    throw invalidOption(
      `data.id=${id} is a column of a table, but ${name} is none: leave data.id out, and name rows by their numbers${name.startsWith("folder:") ? " or pictures by their names" : ""}`,
    );
  const file = await openRows(name.slice("table:".length), reading);
  const isInGroup = split_by !== undefined && group !== undefined ? isGroup(group) : null;
  try {
    const found: [number, string][] = [];
    const texts = isInGroup ? [id, split_by as string] : [id];
    for await (const batch of file.batches({ texts, signal })) {
      const [ids, groups] = batch.texts as [string[], string[]?];
      ids.forEach((text, i) => {
        if (!isInGroup || isInGroup(groups?.[i] as string))
          found.push([batch.first + i, text.trim()]);
      });
    }
    return found;
  } finally {
    file.close();
  }
}

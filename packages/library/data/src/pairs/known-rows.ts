import { tidy } from "@dsbm/torch";
import type { TableOptions } from "../data-set.js";
import { badTable, type DatasetError, invalidOption } from "../errors.js";
import { firstOf } from "../names.js";
import { loadTable } from "../registry.js";
import type { Origin } from "../table.js";
import { isGroup } from "../tables/in-group.js";
import { openRows } from "../tables/open.js";
import type { OwnOptions } from "../tables/prepare/prepare.js";
import type { RowSource } from "../tables/rows.js";
import { tablePrefix } from "../tables/table-set.js";

/** One side of a table of known pairs. */
export interface PairedEnd {
  /** The dataset of this side. */
  name: string;
  /** Options that load the dataset. */
  options: Omit<TableOptions, "split">;
}

/** Pairs of training rows: sample `x0[k]` of the source and sample `x1[k]` of the target. */
export interface KnownRows {
  /** Training rows of the source, from 0. */
  x0: Int32Array;
  /** Training rows of the target, from 0. */
  x1: Int32Array;
  /** All pairs in the file; some have a held-out or dropped row. */
  given: number;
}

export interface PairOptions {
  id?: string | null;
  interval?: { number: number; of: number } | null;
  signal?: AbortSignal | undefined;
}

/**
 * Reads known pairs of prepared data: a file of two columns (or `source` and `target`) of row
 * numbers from 1, of values of the column `id` of both tables, or of paths of images. With
 * `interval`: the pairs of one interval of a time course. Throws `BadTable` for unknown rows and
 * ids and for a row in two pairs, and errors of the readers.
 */
export async function readPairs(
  path: string,
  ends: { source: PairedEnd; target: PairedEnd },
  { id = null, interval = null, signal }: PairOptions = {},
): Promise<KnownRows> {
  const cells = await readCells(path, interval, signal);
  const source = await findRows(path, "source", ends.source, cells, { id, signal });
  const target = await findRows(path, "target", ends.target, cells, { id, signal });
  const trained = [...cells.keys()].filter((k) => source[k] !== -1 && target[k] !== -1);
  return {
    x0: Int32Array.from(trained, (k) => source[k] as number),
    x1: Int32Array.from(trained, (k) => target[k] as number),
    given: cells.length,
  };
}

interface CellPair {
  source: string;
  target: string;
  row: number;
}

async function readCells(
  path: string,
  interval: PairOptions["interval"],
  signal: AbortSignal | undefined,
): Promise<CellPair[]> {
  const file = await openRows(path, { header: "auto" });
  try {
    const pairs: CellPair[] = [];
    let row = 0;
    for await (const { texts } of file.batches({ texts: pairColumns(file, interval), signal }))
      for (const [i, source] of (texts[0] as string[]).entries()) {
        row++;
        const target = texts[1]?.[i]?.trim() ?? "";
        if (interval) {
          const text = texts[2]?.[i]?.trim() ?? "";
          const number = /^\d+$/.test(text) ? Number(text) : 0;
          if (number < 1 || number > interval.of)
            throw badTable(
              path,
              `row ${row} has the interval ${JSON.stringify(text)}; expected 1 to ${interval.of}, from one dataset to the next`,
            );
          if (number !== interval.number) continue;
        }
        pairs.push({ source: source.trim(), target, row });
      }
    if (row === 0) throw badTable(path, "has no rows: expected a known pair in each");
    return pairs;
  } finally {
    file.close();
  }
}

function pairColumns({ path, columns }: RowSource, interval: PairOptions["interval"]): string[] {
  const names = columns.map(({ name }) => name);
  const wanted = interval ? ["source", "target", "interval"] : ["source", "target"];
  if (wanted.every((name) => names.includes(name))) return wanted;
  if (!interval && names.length === 2) return names;
  const expected = interval
    ? `of several datasets expected columns named ${wanted.join(", ")}`
    : "expected two, a row of the source and one of the target, or columns named source and target";
  throw badTable(path, `has the columns ${firstOf(names, 8)}: ${expected}`);
}

/** −1 for rows outside the training split. */
async function findRows(
  path: string,
  end: "source" | "target",
  { name, options }: PairedEnd,
  pairs: readonly CellPair[],
  { id, signal }: { id: string | null; signal: AbortSignal | undefined },
): Promise<Int32Array> {
  const { origin, title } = trainingRows(name, options);
  const what = `the ${end} ${title}`;
  const places = new Int32Array(origin.total).fill(-1);
  for (const [place, row] of origin.rows.entries()) places[row] = place;
  const find = await rowFinder({
    name,
    options,
    id,
    origin,
    pairs: pairs.map((p) => p[end]),
    signal,
  });
  const uses = new Map<number, number>();
  return Int32Array.from(pairs, ({ [end]: cell, row: line }) => {
    const row = find.row(cell);
    if (row === undefined)
      throw badTable(
        path,
        `row ${line} has ${JSON.stringify(cell.slice(0, 80))}, which is no row of ${what}: expected ${find.expected}`,
      );
    const before = uses.get(row);
    if (before !== undefined)
      throw badTable(
        path,
        `row ${line} has ${cell} of ${what}, which row ${before} has too: expected each row in at most one pair`,
      );
    uses.set(row, line);
    return places[row] as number;
  });
}

function trainingRows(name: string, options: PairedEnd["options"]) {
  return tidy((): { origin: Origin; title: string } => {
    const { x, origin, source } = loadTable(name, { ...options, split: "train" });
    const total = x.size(0);
    const all = { rows: Int32Array.from({ length: total }, (_, i) => i), total };
    return { origin: origin?.() ?? all, title: source };
  });
}

interface RowFinder {
  row(cell: string): number | undefined;
  expected: string;
}

/** Finds rows by ids, by names of images, or by numbers. */
async function rowFinder({
  name,
  options,
  id,
  origin: { names, total },
  pairs,
  signal,
}: PairedEnd & {
  id: string | null;
  origin: Origin;
  pairs: readonly string[];
  signal: AbortSignal | undefined;
}): Promise<RowFinder> {
  const isNumber = (cell: string) => /^\d+$/.test(cell);
  if (id !== null) {
    const rows = new Map<string, number | undefined>();
    for (const [row, cell] of await readIds(name, id, options.table ?? {}, signal))
      rows.set(cell, rows.has(cell) ? undefined : row);
    return {
      row: (cell) => rows.get(cell),
      expected: `a value of the column ${id} (data.id) that one row has`,
    };
  }
  if (names && !pairs.every(isNumber)) {
    const rows = new Map(names.map((image, row) => [image, row]));
    return { row: (cell) => rows.get(cell), expected: "the path of an image below it" };
  }
  return {
    row: (cell) =>
      isNumber(cell) && Number(cell) >= 1 && Number(cell) <= total ? Number(cell) - 1 : undefined,
    expected: `a number from 1 to ${total}${name.startsWith(tablePrefix) ? "; write data.id=COLUMN for ids" : ""}`,
  };
}

async function readIds(
  name: string,
  id: string,
  { split_by, group, ...reading }: OwnOptions,
  signal: AbortSignal | undefined,
): Promise<[row: number, id: string][]> {
  if (!name.startsWith(tablePrefix)) throw noTable(name, id);
  const file = await openRows(name.slice(tablePrefix.length), reading);
  const isInGroup = split_by !== undefined && group !== undefined ? isGroup(group) : null;
  try {
    const ids: [number, string][] = [];
    const texts = isInGroup ? [id, split_by as string] : [id];
    for await (const batch of file.batches({ texts, signal })) {
      const groups = batch.texts[1];
      for (const [i, text] of (batch.texts[0] as string[]).entries())
        if (!isInGroup || isInGroup(groups?.[i] as string))
          ids.push([batch.first + i, text.trim()]);
    }
    return ids;
  } finally {
    file.close();
  }
}

const noTable = (name: string, id: string): DatasetError =>
  invalidOption(
    `data.id=${id} is a column of a table, but ${name} is not a table: leave data.id out, and name rows by their numbers${name.startsWith("folder:") ? " or images by their names" : ""}`,
  );

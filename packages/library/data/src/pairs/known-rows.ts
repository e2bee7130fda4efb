import { tidy } from "@dsbm/torch";
import type { TableOptions } from "../data-set.js";
import { badTable, firstOf, invalidOption } from "../errors.js";
import { loadTable } from "../registry.js";
import { cleanRows } from "../tables/clean.js";
import { openRows } from "../tables/open.js";
import type { OwnOptions } from "../tables/prepare/prepare.js";
import type { RowSource } from "../tables/row-source.js";
import { tablePrefix } from "../tables/table-set.js";

/** A dataset with known pairs. */
export interface PairedEnd {
  /** The dataset of this side. */
  name: string;
  /** Options that load the dataset. */
  options: Omit<TableOptions, "split">;
}

/**
 * Pairs of training rows: sample `x0[k]` of the source and sample `x1[k]` of the target. In a time
 * course rows of all intervals follow each other.
 */
export interface KnownRows {
  /** Training rows of the source, from 0. */
  x0: Int32Array;
  /** Training rows of the target, from 0. */
  x1: Int32Array;
  /** All pairs in the file; some have a held-out or dropped row. */
  given: number;
}

interface PairOptions {
  /** The column of ids in the tables of all datasets. */
  id?: string | null;
  signal?: AbortSignal | undefined;
}

/**
 * Reads known pairs of prepared datasets in the order of their times: a file of two columns (or `source` and `target`)
 * of row numbers from 1, of ids, or of paths of images; of more than two datasets also of the `interval`.
 * @throws {DatasetError} `BadTable` for unknown rows and ids and for a row in two pairs, and errors of the readers.
 */
export async function readPairs(
  path: string,
  datasets: readonly PairedEnd[],
  { id = null, signal }: PairOptions = {},
): Promise<KnownRows> {
  const intervals = datasets.length - 1;
  const pairs = await readCells(path, intervals, signal);
  const x0: number[] = [];
  const x1: number[] = [];
  const first = { source: 0, target: 0 };
  for (let k = 0; k < intervals; k++) {
    const pairsOfInterval = pairs.filter(({ interval }) => interval === k + 1);
    const [a, b] = datasets.slice(k, k + 2);
    const source = await findRows(path, "source", a, pairsOfInterval, { id, signal });
    const target = await findRows(path, "target", b, pairsOfInterval, { id, signal });
    for (const [i, row] of source.places.entries()) {
      const partner = target.places[i];
      if (row === undefined || partner === undefined) continue;
      x0.push(first.source + row);
      x1.push(first.target + partner);
    }
    first.source += source.count;
    first.target += target.count;
  }
  return { x0: Int32Array.from(x0), x1: Int32Array.from(x1), given: pairs.length };
}

/**
 * Pairs of equal rows of the files of two datasets that are in both training splits.
 * @throws {DatasetError} `BadTable` for files of different length
 */
export function equalRows(source: PairedEnd, target: PairedEnd): KnownRows {
  const [a, b] = [source, target].map(({ name, options }) => trainingRows(name, options));
  if (a.total !== b.total)
    throw badTable(
      a.title,
      `has ${a.total} rows, ${b.title} has ${b.total}: expected as many for pairs=rows; name pairs in a table, pairs=FILE.csv`,
    );
  return { ...joinedRows(a.rows, b.rows, (row) => row), given: a.total };
}

/**
 * Pairs of images of two folders with the same path below them, whatever their endings, that are in both training splits.
 * @throws {DatasetError} `BadTable` for other datasets than folders, names that differ in their endings only, and no pair
 */
export function equalNames(source: PairedEnd, target: PairedEnd): KnownRows {
  const [a, b] = [source, target].map(({ name, options }) => {
    const dataset = trainingRows(name, options);
    return { ...dataset, places: placesOfNames(dataset) };
  });
  const stems = [...a.places.keys()];
  const given = stems.filter((stem) => b.places.has(stem)).length;
  if (given === 0)
    throw badTable(
      a.title,
      `has no image with the name of an image of ${b.title}: expected some for pairs=names; name pairs in a table, pairs=FILE.csv`,
    );
  return { ...joinedRows(a.rows, b.rows, (row) => b.places.get(stems[row])), given };
}

/** Rows by the names of images without endings, in the order of rows. */
function placesOfNames({ names, title }: ReturnType<typeof trainingRows>): Map<string, number> {
  if (!names)
    throw badTable(
      title,
      "is no folder of images: expected two folders for pairs=names; name pairs in a table, pairs=FILE.csv",
    );
  const places = new Map<string, number>();
  for (const [row, name] of names.entries()) {
    const stem = name.replace(/\.[^./]*$/, "");
    if (places.has(stem))
      throw badTable(
        title,
        `has two images ${stem} with different endings: expected one for pairs=names; rename the other`,
      );
    places.set(stem, row);
  }
  return places;
}

/** Places in both training splits of the rows that `partnerOf` joins. */
function joinedRows(
  source: readonly number[],
  target: readonly number[],
  partnerOf: (row: number) => number | undefined,
): Pick<KnownRows, "x0" | "x1"> {
  const places = new Map(target.map((row, place) => [row, place]));
  const pairs = source.flatMap((row, place) => {
    const partner = places.get(partnerOf(row) ?? -1);
    return partner === undefined ? [] : [[place, partner]];
  });
  return {
    x0: Int32Array.from(pairs, ([place]) => place),
    x1: Int32Array.from(pairs, ([, partner]) => partner),
  };
}

interface CellPair {
  source: string;
  target: string;
  interval: number;
  row: number;
}

async function readCells(
  path: string,
  intervals: number,
  signal: AbortSignal | undefined,
): Promise<CellPair[]> {
  const file = await openRows(path, { header: "auto" });
  try {
    const pairs: CellPair[] = [];
    for await (const { texts } of file.batches({ texts: pairColumns(file, intervals), signal }))
      for (const i of texts[0].keys()) {
        const [source = "", target = "", text = "1"] = texts.map((cells) => cells[i]?.trim());
        const row = pairs.length + 1;
        const interval = /^\d+$/.test(text) ? Number(text) : 0;
        if (interval < 1 || interval > intervals)
          throw badTable(
            path,
            `row ${row} has the interval ${JSON.stringify(text)}; expected 1 to ${intervals}, from one dataset to the next`,
          );
        pairs.push({ source, target, interval, row });
      }
    if (pairs.length === 0) throw badTable(path, "has no rows: expected a known pair in each");
    return pairs;
  } finally {
    file.close();
  }
}

function pairColumns({ path, columns }: RowSource, intervals: number): string[] {
  const names = columns.map(({ name }) => name);
  const required = ["source", "target", ...(intervals > 1 ? ["interval"] : [])];
  if (required.every((name) => names.includes(name))) return required;
  if (intervals === 1 && names.length === 2) return names;
  const expected =
    intervals > 1
      ? `of several datasets expected columns named ${required.join(", ")}`
      : "expected two, a row of the source and one of the target, or columns named source and target";
  throw badTable(path, `has the columns ${firstOf(names, 8)}: ${expected}`);
}

/** Places in the training split, of `count` rows; undefined outside it. */
async function findRows(
  path: string,
  end: "source" | "target",
  { name, options }: PairedEnd,
  pairs: readonly CellPair[],
  { id, signal }: { id: string | null; signal: AbortSignal | undefined },
): Promise<{ places: (number | undefined)[]; count: number }> {
  const { rows, total, names, title } = trainingRows(name, options);
  const placeOf = new Map(rows.map((row, place) => [row, place]));
  const isNumber = (cell: string) => /^\d+$/.test(cell);
  const areNames = names && !pairs.every((pair) => isNumber(pair[end]));
  let known = areNames ? new Map(names.map((image, row) => [image, row])) : null;
  let expected = "the path of an image below it";
  if (id !== null) {
    known = await readIds(name, id, options.table ?? {}, signal);
    expected = `a value of the column ${id} (data.id) that one row has`;
  } else if (!known)
    expected = `a number from 1 to ${total}${name.startsWith(tablePrefix) ? "; write data.id=COLUMN for ids" : ""}`;
  const rowOf = (cell: string) =>
    known ? known.get(cell) : isNumber(cell) ? Number(cell) - 1 : undefined;
  const uses = new Map<number, number>();
  const places = pairs.map(({ [end]: cell, row: line }) => {
    const row = rowOf(cell) ?? -1;
    if (row < 0 || row >= total)
      throw badTable(
        path,
        `row ${line} has ${JSON.stringify(cell.slice(0, 80))}, which is no row of the ${end} ${title}: expected ${expected}`,
      );
    const before = uses.get(row);
    if (before !== undefined)
      throw badTable(
        path,
        `row ${line} has ${cell} of the ${end} ${title}, which row ${before} has too: expected each row in at most one pair`,
      );
    uses.set(row, line);
    return placeOf.get(row);
  });
  return { places, count: rows.length };
}

function trainingRows(name: string, options: PairedEnd["options"]) {
  return tidy(() => {
    const { x, origin, source: title } = loadTable(name, { ...options, split: "train" });
    const rows = origin ? Array.from(origin.rows.toNumbers()) : [...Array(x.size(0)).keys()];
    return { rows, total: origin?.total ?? rows.length, names: origin?.names ?? null, title };
  });
}

/** Rows by id; -1 for an id of several rows. */
async function readIds(
  name: string,
  id: string,
  { split_by, group, ...reading }: OwnOptions,
  signal: AbortSignal | undefined,
): Promise<Map<string, number>> {
  if (!name.startsWith(tablePrefix))
    throw invalidOption(
      `data.id=${id} is a column of a table, but ${name} is not a table: leave data.id out, and name rows by their numbers or images by their paths`,
    );
  const file = await openRows(name.slice(tablePrefix.length), reading);
  try {
    const ids = new Map<string, number>();
    const request = {
      numbers: [],
      texts: [id],
      group: split_by && group ? { column: split_by, value: group } : null,
      signal,
    };
    for await (const { rows, texts } of cleanRows(file, request))
      for (const [i, text] of texts[0].entries())
        ids.set(text.trim(), ids.has(text.trim()) ? -1 : rows[i]);
    return ids;
  } finally {
    file.close();
  }
}

// The columns of a matrix of counts that vary most, and what its counts are like.
import { badTable, byOption, invalidOption } from "../../errors.js";
import type { PrepareWork } from "../../files/prepared-set.js";
import {
  type ColumnVariability,
  checkCounts,
  largestLogarithm,
  mostVariable,
  pooledVariability,
} from "../counts.js";
import { openRows } from "../open.js";
import type { ReadOptions, RowSource } from "../row-source.js";
import type { ColumnOptions } from "../select.js";
import type { CategoryOptions } from "./choose-categories.js";

/** The columns to train on, and notes on their counts for people. */
export interface ColumnChoice {
  columns: readonly string[] | undefined;
  notes: readonly string[];
}

type ReadingProgress = Pick<PrepareWork, "signal" | "progress">;

/** How counts are read, and what is chosen among their columns. */
export interface CountRequest
  extends Pick<ColumnOptions, "exclude">,
    Pick<CategoryOptions, "others">,
    ReadingProgress,
    ReadOptions {}

/**
 * The `count` most variable columns of a file and of other files, with notes for people.
 * @throws as readNotes.
 */
export async function variableColumns(
  source: RowSource,
  count: number,
  { exclude = [], others = [], ...reading }: CountRequest,
): Promise<ColumnChoice> {
  const { normalise } = reading;
  const read = (file: RowSource) =>
    normalise === undefined
      ? countsOf(file, `data.columns=hvg:${count}`, "chooses", reading)
      : readCounts(file, normalise, reading);
  const matrices = new Map([[source.path, await read(source)]]);
  for (const { path } of others) {
    if (matrices.has(path)) continue;
    const other = await openRows(path, reading);
    try {
      matrices.set(path, await read(other));
    } finally {
      other.close();
    }
  }
  const facts = pooledVariability([...matrices.values()]);
  const left = new Set(exclude);
  const kept = facts.names.map((_, k) => k).filter((k) => !left.has(facts.names[k]));
  const chosen = mostVariable(
    {
      names: kept.map((k) => facts.names[k]),
      mean: Float64Array.from(kept, (k) => facts.mean[k]),
      variance: Float64Array.from(kept, (k) => facts.variance[k]),
    },
    count,
  );
  const paths = [...matrices.keys()].join(" and ");
  if (chosen.length === 0)
    throw badTable(paths, "has the same counts in all rows: expected columns that vary");
  return {
    columns: chosen,
    notes: [
      ...(normalise === undefined
        ? []
        : Array.from(matrices, ([path, one]) => notesOf(path, one)).flat()),
      `${paths}: ${chosen.length} of ${facts.names.length} columns vary most for their mean (data.columns=hvg:${count})`,
    ],
  };
}

async function countsOf(
  source: RowSource,
  option: string,
  verb: "chooses" | "scales",
  { signal, progress }: ReadingProgress,
): Promise<ColumnVariability> {
  if (!source.variability)
    throw invalidOption(
      `${option} ${verb} columns of counts of a .h5ad file, got ${source.path}: name the columns instead`,
    );
  const onRows = (done: number) => progress({ done, total: source.rows });
  const facts = await source.variability({ signal, onRows });
  checkCounts(source.path, facts, option);
  return facts;
}

/**
 * Reads the counts that data.normalise scales, and returns notes on them for people.
 * @throws {DatasetError} `InvalidOption` for a format without counts, and `BadTable` for values that are no counts.
 */
export async function readNotes(
  source: RowSource,
  normalise: number,
  work: ReadingProgress,
): Promise<string[]> {
  return notesOf(source.path, await readCounts(source, normalise, work));
}

async function readCounts(
  source: RowSource,
  normalise: number,
  work: ReadingProgress,
): Promise<ColumnVariability> {
  const facts = await countsOf(source, `data.normalise=${normalise}`, "scales", work);
  checkScale(source.path, facts, normalise);
  return facts;
}

function checkScale(
  path: string,
  { isWhole, hasOneTotal, largest }: ColumnVariability,
  normalise: number,
): void {
  if (isWhole || hasOneTotal || largest >= largestLogarithm) return;
  throw badTable(
    path,
    `has no counts but numbers up to ${Number(largest.toPrecision(3))}, which look like logarithms: expected counts for data.normalise=${normalise}`,
    [
      byOption("data.layer", ["counts"], "if that is the matrix of counts"),
      {
        options: [
          { key: "data.normalise", values: ["null"] },
          { key: "data.log1p", values: [false] },
        ],
        text: "leave data.normalise and data.log1p out",
      },
    ],
  );
}

function notesOf(
  path: string,
  { n, emptyRows, emptyColumns, isWhole, hasOneTotal }: ColumnVariability,
): string[] {
  const notes: string[] = [];
  const cure = "leave data.normalise out, or choose the counts with data.layer";
  if (hasOneTotal && !isWhole)
    notes.push(
      `${path}: all cells have one total already, so data.normalise only changes the unit`,
    );
  else if (!isWhole)
    notes.push(`${path}: its counts are not whole numbers; ${cure} if they were changed before`);
  if (emptyRows > 0)
    notes.push(
      `${path}: ${emptyRows} of ${n} cells have no counts and stay 0; leave them out with data.where or filter them before`,
    );
  if (emptyColumns > 0) notes.push(`${path}: ${emptyColumns} columns have no counts`);
  return notes;
}

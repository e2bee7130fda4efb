// A first look at tables: types of columns, missing values, histograms.
import { mostNarrowColumns } from "./counts.js";
import { openRows } from "./open.js";
import type { ReadOptions, RowSource, TableColumn } from "./row-source.js";
import { aboutText } from "./select.js";

/** A column at a first look. */
export interface ColumnLook {
  /** Its name. */
  name: string;
  /** Numbers or texts. */
  kind: "number" | "text";
  /** The number of missing values. */
  missing: number;
  /** The values: shares in equal bins from `low` to `high`, mean and deviation; null for texts and without values. */
  histogram: {
    low: number;
    high: number;
    shares: number[];
    mean: number;
    deviation: number;
  } | null;
  /** Frequent texts. */
  examples: string[];
}

/** A table at a first look. */
export interface TableLook {
  /** The number of rows. */
  rows: number;
  /** All columns; `columns` are some of them. */
  columnCount: number;
  /** Of a wide table the first ten columns of numbers, all columns of texts and all columns next to the matrix; at most 200. */
  columns: ColumnLook[];
  /** Notes on the reading, and a summary of a wide matrix. */
  notes: string[];
}

const bins = 20;
/** Values of a column that its histogram counts. */
const mostValues = 20_000;
const mostColumns = 200;
/** Columns of a wide matrix that are shown. */
const firstNumbers = 10;
const mostExamples = 3;

interface Tally {
  missing: number;
  values: number[];
  texts: Map<string, number>;
}

function addNumbers({ values, ...tally }: Tally, column: Float64Array): number {
  let missing = tally.missing;
  for (const value of column) {
    if (Number.isNaN(value)) missing += 1;
    else if (Number.isFinite(value) && values.length < mostValues) values.push(value);
  }
  return missing;
}

/** Shares of values in equal bins. */
function histogramOf(values: readonly number[]): ColumnLook["histogram"] {
  if (values.length === 0) return null;
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  const counts = new Array<number>(bins).fill(0);
  const width = high > low ? high - low : 1;
  for (const value of values)
    counts[Math.min(bins - 1, Math.floor(((value - low) / width) * bins))] += 1;
  const mean = values.reduce((sum, value) => sum + value / values.length, 0);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2 / values.length, 0);
  return {
    low,
    high,
    shares: counts.map((count) => count / values.length),
    mean,
    deviation: Math.sqrt(variance),
  };
}

function describe(name: string, kind: ColumnLook["kind"], tally: Tally): ColumnLook {
  const frequent = [...tally.texts].sort((a, b) => b[1] - a[1]).slice(0, mostExamples);
  return {
    name,
    kind,
    missing: tally.missing,
    histogram: kind === "number" ? histogramOf(tally.values) : null,
    examples: frequent.map(([text]) => text),
  };
}

/** The columns of a table that are shown, and notes on the others. */
async function shownColumns(
  table: RowSource,
): Promise<{ columns: readonly TableColumn[]; notes: string[] }> {
  const matrix = table.columns.filter(({ kind, beside }) => kind === "number" && !beside);
  if (matrix.length <= mostNarrowColumns)
    return { columns: table.columns.slice(0, mostColumns), notes: [] };
  const first = new Set(matrix.slice(0, firstNumbers));
  const isShown = (column: TableColumn) =>
    column.kind === "text" || column.beside === true || first.has(column);
  return {
    columns: table.columns.filter(isShown).slice(0, mostColumns),
    notes: [
      `${matrix.length} columns of numbers, of which the first ${firstNumbers} are shown`,
      ...(await matrixNotes(table)),
    ],
  };
}

/** What the counts of a .h5ad matrix are like. */
async function matrixNotes({ variability }: RowSource): Promise<string[]> {
  if (!variability) return [];
  const { n, emptyRows, emptyColumns, isWhole, hasOneTotal, smallest, largest } =
    await variability();
  if (!(smallest >= 0))
    return ["matrix: no counts, since it has values below 0, NaN or infinite values"];
  const values = isWhole ? "whole counts" : "fractional numbers";
  const totals = hasOneTotal ? "all rows have one total" : "totals of rows differ";
  return [
    `matrix: ${values} up to ${Number(largest.toPrecision(6))}, ${totals}; ${emptyRows} of ${n} rows and ${emptyColumns} columns are all 0`,
  ];
}

/** Whether a column of texts is probably one of numbers. */
const isNearNumber = ({ example }: TableColumn): boolean =>
  example?.hint !== undefined || example?.isAmongNumbers === true;

async function readTable(table: RowSource, signal?: AbortSignal): Promise<TableLook> {
  const { columns, notes } = await shownColumns(table);
  const namesOf = (kind: ColumnLook["kind"]) =>
    columns.filter((column) => column.kind === kind).map(({ name }) => name);
  const numbers = namesOf("number");
  const texts = namesOf("text");
  const tallies = new Map<string, Tally>(
    columns.map(({ name }) => [name, { missing: 0, values: [], texts: new Map() }]),
  );
  let rows = 0;
  for await (const batch of table.batches({ numbers, texts, signal })) {
    rows += batch.count;
    for (const [i, name] of numbers.entries()) {
      const tally = tallies.get(name) as Tally;
      tally.missing = addNumbers(tally, batch.numbers[i]);
    }
    for (const [i, name] of texts.entries()) {
      const tally = tallies.get(name) as Tally;
      for (const text of batch.texts[i]) {
        if (table.isMissing(text)) tally.missing += 1;
        else if (tally.texts.has(text) || tally.texts.size < mostColumns)
          tally.texts.set(text, (tally.texts.get(text) ?? 0) + 1);
      }
    }
  }
  return {
    rows,
    columnCount: table.columns.length,
    columns: columns.map(({ name, kind }) => describe(name, kind, tallies.get(name) as Tally)),
    notes: [
      ...table.notes,
      ...notes,
      ...columns.filter(isNearNumber).map((one) => `column ${aboutText(one)}`),
    ],
  };
}

/**
 * Reads a table with at most 200 of its columns; the matrix of a wide .h5ad file once more, for a summary.
 * @throws {DatasetError} for damaged files.
 */
export async function lookAtTable(
  path: string,
  { signal, ...reading }: ReadOptions & { signal?: AbortSignal | undefined } = {},
): Promise<TableLook> {
  const table = await openRows(path, reading);
  try {
    return await readTable(table, signal);
  } finally {
    table.close();
  }
}

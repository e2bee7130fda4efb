import type { TableFacts } from "../facts.js";
import type { TableFormat } from "../rows.js";
import type { ColumnTransform } from "../units.js";
import {
  type ColumnSample,
  type PreparedRows,
  type Range,
  sampleColumns,
  sampledRows,
} from "./columns.js";
import { columnNotes, pairWarnings, rowWarnings } from "./warnings.js";

/** Facts about the source or the target in data.json. */
export interface DescribedEnd
  extends Pick<TableFacts, "path" | "rows" | "train" | "test" | "dropped" | "group"> {
  /** File format, or how rows are made. */
  format: TableFormat | "pictures" | "array" | "drawn";
  /** Rows or images. */
  kind: "table" | "pictures";
  /** Of one sample. */
  shape: readonly number[];
}

/** Ranges are in the file's own units. */
export interface DescribedColumn {
  /** Name of the column. */
  name: string;
  /** Statistics of the source. */
  source: Range;
  /** null if time 1 is a Gaussian. */
  target: Range | null;
  /** Whether all values are whole numbers. */
  whole: boolean;
  /** Remarks for people. */
  notes: string[];
}

/** The content of data.json. */
export interface DataDescription {
  /** Facts about the source. */
  source: DescribedEnd;
  /** null if time 1 is a Gaussian. */
  target: DescribedEnd | null;
  /** Trained columns in order. */
  columns: DescribedColumn[];
  /** The column of conditions. */
  condition: string | null;
  /** How the column becomes an input of networks. */
  conditioning: {
    name: string;
    classes: readonly string[] | null;
    mean: number;
    std: number;
  } | null;
  /** Columns that samples copy. */
  kept: string[];
  /** From the data's units to network units. */
  transform: ColumnTransform;
  /** Problems of the data, for people. */
  warnings: string[];
}

export interface TableEnd {
  rows: PreparedRows;
  facts: TableFacts;
}

/**
 * Describes two tables, or one, with warnings. Extremes come from all rows, moments from the
 * training rows (with log1p as quantiles), quantiles from at most 100,000 rows.
 */
export function describeTables(
  source: TableEnd,
  target: TableEnd | null,
  { transform, conditioning }: Pick<DataDescription, "transform" | "conditioning">,
): DataDescription {
  const tables = target ? [source, target] : [source];
  const facts = tables.map((end) => end.facts);
  const samples = tables.map((end) => sampleColumns(end.rows, end.facts));
  const { columns: names, condition, kept } = source.facts;
  const columns = names.map((name, k) => ({
    name,
    source: rangeOf(samples[0]?.[k] as ColumnSample),
    target: target && rangeOf(samples[1]?.[k] as ColumnSample),
    whole: facts.every(({ whole }) => whole[k]),
    notes: columnNotes(k, { facts, samples, transform }),
  }));
  const looked = sampledRows(names.length);
  const largest = Math.max(...facts.map(({ train, test }) => train + test));
  return {
    source: describeEnd(source.facts),
    target: target && describeEnd(target.facts),
    columns,
    condition: condition?.name ?? null,
    conditioning,
    kept,
    transform,
    warnings: [
      ...new Set(facts.flatMap(({ notes }) => notes)),
      ...facts.flatMap(rowWarnings),
      ...(target ? pairWarnings(source.facts, target.facts) : []),
      ...columns.flatMap(({ name, notes }) => notes.map((note) => `column ${name}: ${note}`)),
      ...(largest > looked ? [`quantiles come from ${looked} rows, evenly spaced`] : []),
    ],
  };
}

const describeEnd = (facts: TableFacts): DescribedEnd => {
  const { path, format, rows, train, test, dropped, group, columns } = facts;
  const shape = [columns.length];
  return { path, format, rows, train, test, dropped, group, kind: "table", shape };
};

const rangeOf = ({ min, max, mean, std, median, q25, q75 }: ColumnSample): Range => ({
  min,
  max,
  mean,
  std,
  median,
  q25,
  q75,
});

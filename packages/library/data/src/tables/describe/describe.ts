// What is in the tables at both ends, and what a user should know of them before a bridge is trained: the content of
// data.json.
import type { TableFacts } from "../facts.js";
import type { TableFormat } from "../rows.js";
import type { ColumnTransform } from "../transform.js";
import {
  type ColumnSample,
  type PreparedRows,
  type Range,
  sampleColumns,
  sampledRows,
} from "./columns.js";
import { columnNotes, pairWarnings, rowWarnings } from "./warnings.js";

/** An end in data.json. */
export interface DescribedEnd
  extends Pick<TableFacts, "path" | "rows" | "train" | "test" | "dropped" | "group"> {
  format: TableFormat | "pictures" | "array" | "drawn";
  kind: "table" | "pictures";
  /** Of one sample. */
  shape: readonly number[];
}

/** A column in data.json; ranges are in the file's own units. */
export interface DescribedColumn {
  name: string;
  source: Range;
  /** null where time 1 is a Gaussian. */
  target: Range | null;
  notes: string[];
}

/** The content of data.json. */
export interface DataDescription {
  source: DescribedEnd;
  /** null where time 1 is a Gaussian. */
  target: DescribedEnd | null;
  columns: DescribedColumn[];
  condition: string | null;
  /** The condition: its classes, or mean and deviation of its numbers. */
  conditioning: {
    name: string;
    classes: readonly string[] | null;
    mean: number;
    std: number;
  } | null;
  kept: string[];
  transform: ColumnTransform;
  warnings: string[];
}

/** One end: its prepared rows, and what is known of them. */
export interface TableEnd {
  rows: PreparedRows;
  facts: TableFacts;
}

const endOf = ({
  path,
  format,
  rows,
  train,
  test,
  dropped,
  group,
  columns,
}: TableFacts): DescribedEnd => ({
  ...{ path, format, rows, train, test, dropped, group, kind: "table" },
  shape: [columns.length],
});

/**
 * What is in two tables, or in one, with warnings; extremes and moments are of all rows (mean and deviation of those to train on),
 * quantiles of at most 100,000 in evenly spaced blocks, which a warning says.
 */
export function describeTables(
  source: TableEnd,
  target: TableEnd | null,
  { transform, conditioning }: Pick<DataDescription, "transform" | "conditioning">,
): DataDescription {
  const a = sampleColumns(source.rows, source.facts);
  const b = target && sampleColumns(target.rows, target.facts);
  const tables = target ? [source, target] : [source];
  const names = source.facts.columns;
  const columns = names.map((name, k) => ({
    name,
    source: rangeOf(a[k] as ColumnSample),
    target: b && rangeOf(b[k] as ColumnSample),
    notes: columnNotes(k, {
      source: source.facts,
      target: (target ?? source).facts,
      samples: [a, b ?? a],
      transform,
    }),
  }));
  const looked = sampledRows(names.length);
  const most = Math.max(...tables.map(({ facts: { train, test } }) => train + test));
  return {
    source: endOf(source.facts),
    target: target && endOf(target.facts),
    columns,
    condition: source.facts.condition?.name ?? null,
    conditioning,
    kept: source.facts.kept,
    transform,
    warnings: [
      ...new Set(tables.flatMap(({ facts }) => facts.notes)),
      ...tables.flatMap(({ facts }) => rowWarnings(facts)),
      ...(target ? pairWarnings(source.facts, target.facts) : []),
      ...columns.flatMap(({ name, notes }) => notes.map((note) => `column ${name}: ${note}`)),
      ...(most > looked ? [`quantiles are those of some ${looked} rows, evenly spaced`] : []),
    ],
  };
}

const rangeOf = ({ min, max, mean, std, median, q25, q75 }: ColumnSample): Range => ({
  ...{ min, max, mean, std, median, q25, q75 },
});

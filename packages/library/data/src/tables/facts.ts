import { readFileSync } from "node:fs";
import { attempt } from "../files/read.js";
import type { ColumnMoments } from "./prepare/split.js";
import type { TableFormat } from "./rows.js";

/** A number, or a class, stored as its index. */
export interface ConditionFacts {
  name: string;
  /** Sorted; null for numbers. */
  classes: string[] | null;
  /** Of the training rows. */
  mean: number;
  variance: number;
  /** Of all rows. */
  range: { min: number; max: number };
}

/** Facts about a table that was read. */
export interface TableFacts {
  /** The file. */
  path: string;
  /** Format of the file. */
  format: TableFormat;
  /** The value of data.split_by; null for all rows. */
  group: string | null;
  /** Rows in the file. */
  all: number;
  /** Rows of the group, its dropped rows, and both splits. */
  rows: number;
  /** Rows with missing values. */
  dropped: number;
  /** Training rows. */
  train: number;
  /** Held-out rows. */
  test: number;
  /** Trained columns in order. */
  columns: string[];
  /** Whether the file names its columns. */
  named: boolean;
  /** Columns that samples copy. */
  kept: string[];
  /** The column of conditions. */
  condition: ConditionFacts | null;
  /** Sums over all rows of the columns for masses, by the option that names each. */
  masses: Record<string, number>;
  /** Whether the following facts are of log(1 + x). */
  log1p: boolean;
  /** Prepared rows are x − offset: float32 keeps small differences of large numbers. */
  offset: number[];
  /** Of the training rows. */
  moments: ColumnMoments;
  /** Of all rows. */
  range: { min: number[]; max: number[] };
  /** Whether all values of a column are whole numbers. */
  whole: boolean[];
  /** Interquartile ranges of the first rows. */
  spread: number[];
  /** Columns that count the rows. */
  counters: string[];
  /** For people. */
  notes: string[];
}

/** The file, and its group. */
export const placeOf = ({ path, group }: TableFacts): string =>
  group === null ? path : `${path} (${group})`;

/** Tables from another version are prepared again. */
export const factsVersion = 7;

export const readFacts = (path: string): TableFacts =>
  attempt(path, () => JSON.parse(readFileSync(path, "utf8")) as TableFacts);

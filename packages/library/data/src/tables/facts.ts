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
  path: string;
  format: TableFormat;
  /** The value of data.split_by; null for all rows. */
  group: string | null;
  /** Rows in the file. */
  all: number;
  /** Rows of the group, its dropped rows, and both splits. */
  rows: number;
  dropped: number;
  train: number;
  test: number;
  columns: string[];
  named: boolean;
  kept: string[];
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
  whole: boolean[];
  /** Interquartile ranges of the first rows. */
  spread: number[];
  /** Columns that count the rows. */
  counters: string[];
  /** For people. */
  notes: string[];
}

/** Tables from another version are prepared again. */
export const factsVersion = 5;

export const readFacts = (path: string): TableFacts =>
  attempt(path, () => JSON.parse(readFileSync(path, "utf8")) as TableFacts);

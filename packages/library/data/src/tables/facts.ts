// What the preparation of a table learnt, kept next to the prepared rows: columns, counts, moments and ranges.
import { readFileSync } from "node:fs";
import { attempt } from "../files/read.js";
import type { ColumnMoments } from "./prepare/split.js";
import type { TableFormat } from "./rows.js";

/** The condition of the rows of an end: a number, or one of some classes, of which prepared rows have the place. */
export interface ConditionFacts {
  name: string;
  /** Sorted; null for numbers. */
  classes: string[] | null;
  /** Of the training rows. */
  mean: number;
  variance: number;
}

/** One end's table. */
export interface TableFacts {
  path: string;
  format: TableFormat;
  /** The value of data.split_by of these rows; null for all rows. */
  group: string | null;
  /** Rows in the file. */
  all: number;
  /** Rows of the group; of them the dropped ones, and the two splits of the others. */
  rows: number;
  dropped: number;
  train: number;
  test: number;
  /** The columns to train on. */
  columns: string[];
  /** Whether the file names its columns. */
  named: boolean;
  kept: string[];
  condition: ConditionFacts | null;
  /** Whether what follows is of log(1 + x). */
  log1p: boolean;
  /** Prepared rows are x − offset: float32 keeps small differences of large numbers. */
  offset: number[];
  /** Of the training rows. */
  moments: ColumnMoments;
  /** Of all rows. */
  range: { min: number[]; max: number[] };
  /** Interquartile ranges of the first rows. */
  spread: number[];
  /** Columns of equal digests are equal. */
  digests: string[];
  /** Digests of rows: those of all rows that `every` divides. */
  rowDigests: { every: number; values: number[] };
  /** Columns that count the rows. */
  counters: string[];
  /** Lines for people on how the file was read. */
  notes: string[];
}

/** Part of the names of prepared folders: tables that another version prepared are prepared again. */
export const factsVersion = 3;

/** Throws `Unreadable`. */
export const readFacts = (path: string): TableFacts =>
  attempt(path, () => JSON.parse(readFileSync(path, "utf8")) as TableFacts);

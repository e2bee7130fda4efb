// What the preparation of a table found out, kept beside the prepared rows: columns, counts, moments and ranges.
import { readFileSync } from "node:fs";
import { DatasetError } from "../errors.js";
import { attempt } from "../files/read.js";
import type { TableFormat } from "./rows.js";

/** The condition of the rows of an end: a number, or one of some classes, of which prepared rows have the place. */
export interface ConditionFacts {
  name: string;
  /** In order; null for numbers. */
  classes: string[] | null;
  /** Of the training rows. */
  mean: number;
  variance: number;
}

/** One end's table. */
export interface TableFacts {
  path: string;
  format: TableFormat;
  /** The value of data.split_by whose rows these are; null: all. */
  group: string | null;
  /** Rows in the file. */
  all: number;
  /** Those of the group, those of them that were dropped, and how the others were split. */
  rows: number;
  dropped: number;
  train: number;
  test: number;
  /** The columns to train on. */
  columns: string[];
  /** Whether the file has names for them. */
  named: boolean;
  kept: string[];
  condition: ConditionFacts | null;
  /** Whether what follows is of log(1 + x). */
  log1p: boolean;
  /** Prepared rows are x − offset: float32 keeps small differences of large numbers. */
  offset: number[];
  /** Of the training rows, with divisor n. */
  moments: { n: number; mean: number[]; variance: number[] };
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

/** Of the files below; other ones are prepared again. */
export const factsVersion = 2;

/** Throws `Unreadable`. */
export function readFacts(path: string): TableFacts {
  return attempt(path, () => {
    const { version, facts } = JSON.parse(readFileSync(path, "utf8")) as {
      version: number;
      facts: TableFacts;
    };
    const n = facts.columns.length;
    if (version !== factsVersion || facts.offset.length !== n || facts.moments.mean.length !== n)
      throw new DatasetError(
        "Unreadable",
        `${path}: was written by another version: delete its folder`,
      );
    return facts;
  });
}

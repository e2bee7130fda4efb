// One split of a data set as it is loaded: a table of samples in memory or mapped from a file.
import { type Tensor, tidy } from "@dsbm/torch";
import type { TableFacts } from "./tables/facts.js";

/** The published parts of a data set. */
export type Split = "train" | "test";

/** A class of samples: its label as published, and its name. */
export interface ImageClass {
  readonly label: number;
  readonly name: string;
}

/** One split of a data set: samples as they are stored, to be decoded a batch at a time. */
export interface Table {
  /** The configuration name with its labels: "mnist_2". */
  readonly name: string;
  readonly split: Split;
  /** Where the samples come from, for logs: a folder, a file, or "drawn from seed 0". */
  readonly source: string;
  /** Vectors [n, d] or images [n, C, H, W]: float32 as networks take them, or uint8 for `decodeImages`. */
  readonly x: Tensor;
  /** A random order of the samples, int64 [n], for tables that are sorted on disk; a part of the table follows it. */
  readonly order?: Tensor;
  /** One label for each sample as published, int64 [n]; null without labels. */
  readonly labels: Tensor | null;
  /** The classes in the table, by rising label; empty without labels. */
  readonly classes: readonly ImageClass[];
  /**
   * A condition for each sample, float32 [n, C′, H, W]; null without. Of the user's own tables a number as it stands in
   * the file, or the place of a class, float64 [n, 1].
   */
  readonly condition: Tensor | null;
  /** Whether training mirrors each image of a batch left to right with probability ½. */
  readonly flip: boolean;
  /** Facts on a table of the user's own, whose x has an offset taken from it. */
  readonly facts?: TableFacts;
  /** Which rows of the user's own file or folder the samples are. Default: all rows, in their order. */
  readonly origin?: () => Origin;
}

/** Where the samples of a split stand in the user's own file or folder. */
export interface Origin {
  /** The row of each sample, from 0. */
  readonly rows: Int32Array;
  /** Rows in all, with held-out and dropped rows and those of another group. */
  readonly total: number;
  /** The names of all pictures. */
  readonly names?: readonly string[];
}

/** A table; without labels, condition and mirroring by default. */
export const newTable = (
  facts: Pick<Table, "name" | "split" | "source" | "x"> & Partial<Table>,
): Table => ({ labels: null, classes: [], condition: null, flip: false, ...facts });

/** Indices 0 … k−1 of labels [n] in the list of published labels; 0 for a label that is not in it. */
export const positionsOf = (labels: Tensor, published: readonly number[]): Tensor =>
  tidy(() =>
    published.reduce(
      (sum, label, i) => sum.add(labels.eq(label).to("int64").mul(i)),
      labels.to("int64").mul(0),
    ),
  );

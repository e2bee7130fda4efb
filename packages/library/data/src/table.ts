import { type Tensor, tidy } from "@dsbm/torch";
import type { TableFacts } from "./tables/facts.js";

/** Training rows or held-out rows. */
export type Split = "train" | "test";

/** A class of an image dataset. */
export interface ImageClass {
  /** As published. */
  readonly label: number;
  /** For people. */
  readonly name: string;
}

/** Samples are decoded a batch at a time. */
export interface Table {
  /** The configuration name with its labels: "mnist_2". */
  readonly name: string;
  /** Training or held-out rows. */
  readonly split: Split;
  /** For logs: a folder, a file, or "drawn from seed 0". */
  readonly source: string;
  /**
   * Vectors [n, d] or images [n, C, H, W]: float32 in the network's units, or uint8 for
   * `decodeImages`.
   */
  readonly x: Tensor;
  /** A random order, int64 [n], for tables sorted on disk; a part follows it. */
  readonly order?: Tensor;
  /** As published, int64 [n]. */
  readonly labels: Tensor | null;
  /** By rising label. */
  readonly classes: readonly ImageClass[];
  /**
   * float32 [n, C′, H, W]; for the user's own tables a number, or the index of a class, float64 [n,
   * 1].
   */
  readonly condition: Tensor | null;
  /** Columns for masses in the order of their options, float64 [n, columns]; null without any. */
  readonly masses?: Tensor | null;
  /** Whether training mirrors each image of a batch left to right with probability ½. */
  readonly flip: boolean;
  /** For a table of the user, whose x lacks an offset. */
  readonly facts?: TableFacts;
  /** Default: all rows, in their order. */
  readonly origin?: Origin;
}

/** Where the rows of a table come from in their file. */
export interface Origin {
  /** The row of the file of each sample, from 0. */
  readonly rows: Tensor;
  /** Also counts held-out and dropped rows, and rows of other groups. */
  readonly total: number;
  /** Ids of the samples. */
  readonly names?: readonly string[];
}

export const newTable = (
  facts: Pick<Table, "name" | "split" | "source" | "x"> & Partial<Table>,
): Table => ({ labels: null, classes: [], condition: null, flip: false, ...facts });

/** Indices 0 … k−1 of labels [n] in the list; 0 for unknown labels. */
export const positionsOf = (labels: Tensor, published: readonly number[]): Tensor =>
  tidy(() =>
    published.reduce(
      (sum, label, i) => sum.add(labels.eq(label).to("int64").mul(i)),
      labels.to("int64").mul(0),
    ),
  );

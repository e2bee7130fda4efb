// An image set as it is loaded: a table of samples in memory or mapped.
import type { Tensor } from "@dsbm/torch";

/** The published parts of a data set. */
export type Split = "train" | "test";

/** A class of images: its label as published, and its name. */
export interface ImageClass {
  readonly label: number;
  readonly name: string;
}

/** One split of an image set: samples as they are stored, to be decoded a batch at a time. */
export interface ImageTable {
  /** The configuration name, subset included: "mnist_2". */
  readonly name: string;
  readonly split: Split;
  /** Where the samples come from, for logs: a folder, a file, or "drawn". */
  readonly source: string;
  /** [n, C, H, W], in memory or mapped: uint8 as stored (0–255), or float32 as networks see it. */
  readonly x: Tensor;
  /**
   * The order in which samples are to be looked at where few of them are, int64 [n], for tables that lie sorted on
   * disk; left out where the order they lie in will do.
   */
  readonly order?: Tensor;
  /** One label a sample as published, int64 [n]; null where there are none. */
  readonly labels: Tensor | null;
  /** The classes that the table holds, by rising label; empty where there are no labels. */
  readonly classes: readonly ImageClass[];
  /** What networks see beside each sample, float32 [n, C′, H, W]; null where there is nothing. */
  readonly condition: Tensor | null;
  /** Whether training mirrors each image of a batch left to right with probability ½. */
  readonly flip: boolean;
}

import { type Tensor, tidy } from "@dsbm/torch";
import { invalidOption } from "./errors.js";
import type { FieldSetFacts } from "./fields/field-facts.js";
import type { FieldSetOptions } from "./fields/prepare.js";
import type { TableFacts } from "./tables/facts.js";
import type { OwnOptions } from "./tables/prepare/prepare.js";
import type { SharedRows } from "./tables/prepare/shared-rows.js";

/** Part and place of a dataset; a dataset ignores options of others. */
export interface TableOptions {
  /** Training or held-out rows. */
  split: Split;
  /** The data folder: its subfolders for the set, the folder itself, then installed packages are searched. */
  directory?: string;
  /** Size of synthetic images and of image folders. */
  image_size?: number;
  /** Number of samples: the first ones of a file, or the number to draw. */
  n?: number;
  /** For an image folder: 3 for colour (default), 1 for grey. */
  channels?: number;
  /** For an image folder: the colour behind transparent parts. Default: white. */
  background?: string;
  /** Downscaler arrays: a segment. Default: 0, all segments. */
  wavenumber?: number;
  /** Conditions float32 [n, C′, H, W] of the rows of an array, a .npy file. */
  cond?: string;
  /** Share of test samples in an array, a table, or an image folder. Default: 0.1. */
  test_fraction?: number;
  /** Seed of synthetic sets and of the split of an array. Default: 0. */
  seed?: number;
  /** Dimension of synthetic vectors (default 5 for gaussian, 2 for others). */
  dim?: number;
  /** Dataset gaussian: the means are ±a in each coordinate. Default: 0.1. */
  a?: number;
  /** Synthetic vectors differ between the ends. Default: x0. */
  end?: "x0" | "x1";
  /** Dataset gaussian: training samples, drawn before the test samples. Default: 10,000. */
  n_train?: number;
  /** Options of a table of the user. */
  table?: OwnOptions;
  /** Options of NetCDF files and Zarr folders. */
  fields?: FieldSetOptions;
}

/** What a dataset is loaded by. */
export interface SetOptions extends TableOptions {
  /** The configuration name of the dataset. */
  name: string;
  /** The labels to keep. */
  classes: readonly number[] | undefined;
}

/** How far a preparation is. */
export interface PreparedRows {
  /** Images or rows so far. */
  done: number;
  /** Null if only reading tells. */
  total: number | null;
  /** Whether the rows of a table were read, and are split into training and held-out rows now. */
  isSplitting?: boolean;
}

/** What other datasets take from the first table: its columns, in its order. */
export type ChosenColumns = Pick<TableFacts, "path" | "named" | "columns" | "categories">;

/** How a dataset that must be prepared reports and stops. */
export interface Preparation {
  /** Called after each image, or some rows of a table. */
  progress?: (state: PreparedRows & { name: string; split: Split }) => void;
  /** Stops the work. The next call resumes a table; of other data, nothing unfinished stays. */
  signal?: AbortSignal;
  /** Called before a folder of prepared data is made; may throw (default: any folder may be made). */
  checkFolder?: (folder: string) => void;
  /** The file of a table, which other preparations read too (default: it is read alone). */
  rows?: SharedRows;
  /** Receives the columns of a table before its rows are read. */
  chosen?: (columns: ChosenColumns) => void;
}

/** A dataset with a name: its classes and its loader. */
export interface DataSet {
  /** One line for help. */
  about: string;
  /** By rising label (default: none). */
  classes?: readonly ImageClass[];
  /** Labels to keep by default. */
  usual?: readonly number[];
  /** For sets that cannot load at once. */
  prepare?(options: SetOptions & Preparation): Promise<void>;
  /** Loads one split; throws `DatasetError`. */
  load(options: SetOptions): Table;
}

/**
 * Returns `n`, or `total` without `n`.
 * @throws {DatasetError} `InvalidOption`
 */
export function rowCount(
  n: number | undefined,
  total: number,
  { name, split }: Pick<SetOptions, "name" | "split">,
): number {
  const count = n ?? total;
  if (count >= 1 && count <= total) return count;
  throw invalidOption(`n ${n}: expected 1 to ${total}, the samples of ${name} (${split})`);
}

/** Samples of synthetic images and fields. */
export const usualCount: Readonly<Record<Split, number>> = { train: 2000, test: 500 };

const mostGiB = 8;

/** @throws {DatasetError} `InvalidOption` unless n is 1 or more, and n samples of this many bytes fit into memory. */
export function checkDrawn(n: number, bytes: number): void {
  if (n >= 1 && n * bytes <= mostGiB * 2 ** 30) return;
  throw invalidOption(
    `n ${n}: expected 1 or more samples of ${bytes} bytes, and at most ${mostGiB} GiB of them`,
  );
}

/** Share of samples that are held out, if neither files nor options say it. */
export const defaultFraction = 0.1;

/** Never all of `total` samples; of four or more at least two, which have a variance. */
export const testCount = (fraction: number, total: number): number =>
  Math.min(Math.max(Math.round(fraction * total), total < 4 ? 1 : 2), total - 1);

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
  /** Notes on the reading, for people. */
  readonly notes?: readonly string[];
  /**
   * Vectors [n, d] or images [n, C, H, W]: float32 in the network's units, or uint8 for
   * `decodeImages`.
   */
  readonly x: Tensor;
  /** A random order, int32 [n], for tables sorted on disk; a part follows it. */
  readonly order?: Tensor;
  /** As published, int64 [n]. */
  readonly labels: Tensor | null;
  /** Classes by rising label. */
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
  /** For fields of the user. */
  readonly fields?: FieldSetFacts;
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

/** A table with defaults: neither labels nor conditions, no flips. */
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

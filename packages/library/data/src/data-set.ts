import type { ImageClass, Split, Table } from "./table.js";
import type { OwnOptions } from "./tables/prepare/prepare.js";

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
  /** Downscaler arrays: a segment. Default: 0, all segments. */
  wavenumber?: number;
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
}

export interface SetOptions extends TableOptions {
  name: string;
  /** The labels to keep. */
  classes: readonly number[] | undefined;
}

export interface Preparation {
  /** Called after each image, or some rows of a table. */
  progress?: (state: { name: string; split: Split; done: number; total: number | null }) => void;
  /** Stops the work; nothing unfinished stays. */
  signal?: AbortSignal;
}

/** A dataset with a name: its classes and its loader. */
export interface DataSet {
  /** One line for help. */
  about: string;
  /** By rising label. */
  classes: readonly ImageClass[];
  /** Labels to keep by default. */
  usual?: readonly number[];
  /** For sets that cannot load at once. */
  prepare?(options: SetOptions & Preparation): Promise<void>;
  /** Loads one split; throws `DatasetError`. */
  load(options: SetOptions): Table;
}

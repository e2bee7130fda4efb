// What the registry holds: data sets that load themselves from one kind of options.
import type { ImageClass, Split, Table } from "./table.js";
import type { OwnOptions } from "./tables/prepare/prepare.js";

/** Which part of a data set to load, and from where. A set ignores the options that do not concern it. */
export interface TableOptions {
  split: Split;
  /** The data folder. Sets search their own folders below it, the folder itself, then installed packages. */
  directory?: string;
  /** The labels to keep, as published. Default: those in the name, else the set's usual ones. */
  classes?: readonly number[];
  /** Width and height of images: the size of synthetic ones and of folders of pictures, the expected size of others. */
  image_size?: number;
  /** Number of samples: the first ones of a file, or the number to draw. Default: all of a file. */
  n?: number;
  /** Channels of a folder of pictures: 3 for colour (default), 1 for grey. */
  channels?: number;
  /** Downscaler arrays: the segment of this wavenumber. Default: 0, all segments. */
  wavenumber?: number;
  /** Share of test samples in an array, a table, or a folder of pictures without a test folder. Default: 0.1. */
  test_fraction?: number;
  /** Folder for decoded pictures and prepared tables, which can take gigabytes. Default: in the data folder. */
  cache?: string;
  /** Seed of synthetic sets and of the split of an array. Default: 0. */
  seed?: number;
  /** Dimension of synthetic vectors (default 5 for gaussian, 2 for others), the expected dimension of arrays. */
  dim?: number;
  /** Data set gaussian: the means are −a at x0 and a at x1 in each coordinate. Default: 0.1. */
  a?: number;
  /** The end of the bridge: synthetic vectors differ between the ends. Default: x0. */
  end?: "x0" | "x1";
  /** Data set gaussian: number of training samples, which are drawn before the test samples. Default: 10,000. */
  n_train?: number;
  /** Tables of the user's own: their columns, and how they are read. */
  table?: OwnOptions;
}

/** The options of one set's loader: the name for the table, and the labels to keep (undefined: all). */
export interface SetOptions extends Omit<TableOptions, "classes"> {
  name: string;
  classes: readonly number[] | undefined;
}

/** Progress and cancellation of a preparation. */
export interface Preparation {
  /** Called after each picture, or some rows of a table, whose total is not always known. */
  progress?: (state: { name: string; split: Split; done: number; total: number }) => void;
  /** Takes a line if prepared files were damaged and are made again. */
  say?: (line: string) => void;
  /** Stops the work; nothing unfinished stays. */
  signal?: AbortSignal;
}

/** A data set with a configuration name. */
export interface DataSet {
  /** One line of help. */
  about: string;
  /** All classes, by rising label. */
  classes: readonly ImageClass[];
  /** The labels to keep by default; all without it. */
  usual?: readonly number[];
  /** Prepares one split for `load`, for sets that cannot load at once. */
  prepare?(options: SetOptions & Preparation): Promise<void>;
  /** Loads one split; throws `DatasetError`. */
  load(options: SetOptions): Table;
}

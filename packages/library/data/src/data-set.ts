// What the registry holds: data sets that load themselves from one kind of options.
import type { ImageClass, Split, Table } from "./table.js";
import type { OwnOptions } from "./tables/prepare/prepare.js";

/** Which part of a data set to load, and from where. A set ignores the options that do not concern it. */
export interface TableOptions {
  split: Split;
  /**
   * The data folder. Files are searched for in the set's own folders below it ("data/mnist"), then in the data folder
   * itself, then where a system or npm package installs them.
   */
  directory?: string;
  /** The labels to keep, as published; default those in the name, else the set's usual ones. */
  classes?: readonly number[];
  /**
   * Width and height of images. Drawn sets are drawn in this size, folders of pictures are resized to it; for other
   * sets it is the expected size, and another one is an error.
   */
  image_size?: number;
  /** Number of samples: the first ones of a file, or the number to draw; default all of a file. */
  n?: number;
  /** Channels of a folder of pictures: 3 for colour (default), 1 for grey. */
  channels?: number;
  /** Downscaler arrays: the segment of this wavenumber; default 0, all segments. */
  wavenumber?: number;
  /** Share of test samples in an array, or in a folder of pictures without a test folder; default 0.1. */
  test_fraction?: number;
  /** Folder for decoded pictures, which can take gigabytes; default "decoded" in the data folder. */
  cache?: string;
  /** Seed of drawn sets and of the split of an array; default 0. */
  seed?: number;
  /** Dimension of drawn vectors; default 5 for gaussian, 2 for others. For arrays of vectors, the expected one. */
  dim?: number;
  /** Data set gaussian: the means are −a at x0 and a at x1 in each coordinate; default 0.1. */
  a?: number;
  /** The end of the bridge that the table is for: drawn vectors differ between the ends; default x0. */
  end?: "x0" | "x1";
  /** Data set gaussian: number of training samples, which are drawn before the test samples; default 10,000. */
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
  /** Takes a line where prepared files were damaged and are made again. */
  say?: (line: string) => void;
  /** Stops the work at the next picture and deletes the unfinished file. */
  signal?: AbortSignal;
}

/** A data set with a configuration name. */
export interface DataSet {
  /** One line of help. */
  about: string;
  /** All classes, by rising label. */
  classes: readonly ImageClass[];
  /** The labels to keep by default; all if left out. */
  usual?: readonly number[];
  /** Prepares one split for `load`, for sets that cannot load at once. */
  prepare?(options: SetOptions & Preparation): Promise<void>;
  /** Loads one split; throws `DatasetError`. */
  load(options: SetOptions): Table;
}

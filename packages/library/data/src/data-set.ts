// Data sets that load themselves from one kind of options.
import type { ImageClass, Split, Table } from "./table.js";
import type { OwnOptions } from "./tables/prepare/prepare.js";

/** Which part of a data set to load, and from where; a set ignores options of other sets. */
export interface TableOptions {
  split: Split;
  /** The data folder: its subfolders for the set, the folder itself, then installed packages are searched. */
  directory?: string;
  /** The labels to keep. Default: those in the name, else the set's usual ones. */
  classes?: readonly number[];
  /** Size of synthetic images and of folders of pictures, expected size of others. */
  image_size?: number;
  /** Number of samples: the first ones of a file, or the number to draw. */
  n?: number;
  /** Of a folder of pictures: 3 for colour (default), 1 for grey. */
  channels?: number;
  /** Downscaler arrays: a segment. Default: 0, all segments. */
  wavenumber?: number;
  /** Share of test samples in an array, a table, or a folder of pictures. Default: 0.1. */
  test_fraction?: number;
  /** Folder for decoded pictures and prepared tables. Default: in the data folder. */
  cache?: string;
  /** Seed of synthetic sets and of the split of an array. Default: 0. */
  seed?: number;
  /** Dimension of synthetic vectors (default 5 for gaussian, 2 for others), the expected dimension of arrays. */
  dim?: number;
  /** Data set gaussian: the means are ±a in each coordinate. Default: 0.1. */
  a?: number;
  /** Synthetic vectors differ between the ends. Default: x0. */
  end?: "x0" | "x1";
  /** Data set gaussian: training samples, drawn before the test samples. Default: 10,000. */
  n_train?: number;
  table?: OwnOptions;
}

export interface SetOptions extends Omit<TableOptions, "classes"> {
  name: string;
  classes: readonly number[] | undefined;
}

export interface Preparation {
  /** Called after each picture, or some rows of a table. */
  progress?: (state: { name: string; split: Split; done: number; total: number | null }) => void;
  /** Takes a line if prepared files were damaged and are made again. */
  say?: (line: string) => void;
  /** Stops the work; nothing unfinished stays. */
  signal?: AbortSignal;
}

/** A data set with a configuration name. */
export interface DataSet {
  about: string;
  /** By rising label. */
  classes: readonly ImageClass[];
  /** The labels to keep by default. */
  usual?: readonly number[];
  /** For sets that cannot load at once. */
  prepare?(options: SetOptions & Preparation): Promise<void>;
  /** Loads one split; throws `DatasetError`. */
  load(options: SetOptions): Table;
}

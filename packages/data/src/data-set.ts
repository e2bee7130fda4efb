// What the registry holds: image sets that load themselves from one kind of options.
import type { ImageClass, ImageTable, Split } from "./image-table.js";

/** Which part of an image set to load, and from where. */
export interface LoadImagesOptions {
  /** Which of the published splits. */
  split: Split;
  /**
   * The data folder. A set's files are looked for in folders of the set's own below it ("data/mnist"), then in
   * itself, then where a package of the system or of npm puts them.
   */
  directory?: string;
  /** The labels to keep, as published; default those of the name, else the set's own choice. */
  classes?: readonly number[];
  /**
   * The width and height that are expected. Synthetic sets are drawn in it, folders of pictures are brought to it;
   * nothing else is resized.
   */
  image_size?: number;
  /** How many images: the first ones of a published set, so many drawn of a synthetic one; default all. */
  n?: number;
  /** What a folder of pictures is decoded to: 3 for colour (default), 1 for grey. */
  channels?: number;
  /** Downscaler arrays: the segment of this wavenumber; default 0, all of them. */
  wavenumber?: number;
  /** The part of a folder of pictures without published splits that is held out; default 0.1. */
  test_fraction?: number;
  /**
   * Where decoded pictures are kept, gigabytes for large sets, until somebody deletes them; default the folder
   * "decoded" in the data folder.
   */
  cache?: string;
  /** Draws synthetic sets; published ones do not have any; default 0. */
  seed?: number;
}

/** The options of one set's loader: the name to give to the table, and the labels to keep, if not all. */
export interface ImageSetOptions extends Omit<LoadImagesOptions, "classes"> {
  name: string;
  classes: readonly number[] | undefined;
}

/** What may be watched and stopped while a set is made ready. */
export interface Preparation {
  /** Called after each picture. */
  progress?: (state: { name: string; split: Split; done: number; total: number }) => void;
  /** Ends the work at the next picture; what is half done is taken away. */
  signal?: AbortSignal;
}

/** A set of images that can be asked for by name. */
export interface ImageSet {
  /** One line of help. */
  about: string;
  /** All classes, by rising label. */
  classes: readonly ImageClass[];
  /** The labels that are kept where nobody says which; default all there are. */
  usual?: readonly number[];
  /** Makes one split ready to be loaded, where that takes long or cannot be done at once. */
  prepare?(options: ImageSetOptions & Preparation): Promise<void>;
  /** Loads one split; throws `DatasetError`. */
  load(options: ImageSetOptions): ImageTable;
}

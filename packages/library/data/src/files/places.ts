// Where the files of a published set are searched for, and the parts of the error if they are not there.
import { join } from "node:path";

/** Folders to search: these below the data folder, then the data folder; none without a data folder. */
export const placesIn = (directory: string | undefined, folders: readonly string[]): string[] =>
  directory === undefined ? [] : [...folders.map((folder) => join(directory, folder)), directory];

/** For an error: the places without the files. */
export const notIn = (places: readonly string[], what = "not"): string =>
  places.length === 0 ? `${what} there` : `${what} in ${places.join(", ")}`;

/** For an error: where to put files if there is no data folder. */
export const anyFolder = "a folder of your own and name it as directory";

import { join } from "node:path";

/** Folders to search: subfolders of the data folder, then the data folder. */
export const placesIn = (directory: string | undefined, folders: readonly string[]): string[] =>
  directory === undefined ? [] : [...folders.map((folder) => join(directory, folder)), directory];

export const notIn = (places: readonly string[], what = "not"): string =>
  places.length === 0 ? `${what} there` : `${what} in ${places.join(", ")}`;

export const anyFolder = "a folder of your own and name it as directory";

import { join } from "node:path";
import type { SetOptions } from "../data-set.js";
import { DatasetError } from "../errors.js";
import { isFile } from "./read.js";

/** Folders to search: subfolders of the data folder, then the data folder. */
export const placesIn = (
  { directory }: Pick<SetOptions, "directory">,
  folders: readonly string[],
): string[] =>
  directory === undefined ? [] : [...folders.map((folder) => join(directory, folder)), directory];

/** `cure` says what to put "into" the first of the places. */
export function missingFiles(
  title: string,
  { places, problem, cure }: { places: readonly string[]; problem?: string; cure: string },
): DatasetError {
  const where = places.length === 0 ? "not there" : `not in ${places.join(", ")}`;
  const into = places[0] ?? "a folder of your own and name it as directory";
  return new DatasetError("MissingFiles", `${title}: ${problem ?? where}; ${cure} into ${into}`);
}

/** The paths of all files, each of one of its names, in the first folder with any. Throws `MissingFiles`. */
export function findFiles(
  title: string,
  names: readonly (readonly string[])[],
  { places, cure }: { places: readonly string[]; cure: string },
): { folder: string; paths: string[] } {
  for (const folder of places) {
    const paths = names.flatMap(
      (some) => some.map((name) => join(folder, name)).find(isFile) ?? [],
    );
    if (paths.length === names.length) return { folder, paths };
    if (paths.length > 0)
      throw missingFiles(title, {
        places: [folder],
        problem: `only ${paths.join(" and ")} of ${names.length} files`,
        cure,
      });
  }
  throw missingFiles(title, { places, cure });
}

import { dirname, join, resolve } from "node:path";
import { defaultFraction } from "../counts.js";
import type { DataSet, SetOptions } from "../data-set.js";
import { DatasetError } from "../errors.js";
import { isFolder } from "../files/read.js";
import { holdOut, listPictures } from "./picture-files.js";
import { pictureSet, type SplitPictures } from "./picture-set.js";

export const folderPrefix = "folder:";

const testFolders = ["test", "val", "valid"];

const endings = "(.png, .jpg, .webp, .avif, .tif)";

/**
 * All images below a folder, without labels. Images below "train" and "test" (or "val", "valid")
 * are the splits; else a share of the images, chosen by name, is the test split.
 */
export const folderSet = (path: string): DataSet =>
  pictureSet({
    about: "the images of a folder",
    label: null,
    find: (options) => findPictures(path, options),
  });

function findPictures(path: string, options: SetOptions): SplitPictures {
  const { name, split, directory, test_fraction = defaultFraction } = options;
  const missing = (problem: string) =>
    new DatasetError("MissingFiles", `${name} (${split}): ${problem} ${endings}`);
  const folder = resolve(path);
  if (path === "" || !isFolder(path))
    throw missing(`no folder ${folder}; write folder:PATH with the path of an image folder`);
  const cache = join(directory ?? dirname(folder), "decoded");
  const train = join(path, "train");
  const test = testFolders
    .map((part) => join(path, part))
    .find((part) => listPictures(part).length > 0);
  if (test !== undefined && listPictures(train).length > 0) {
    const source = split === "train" ? train : test;
    return { source, files: listPictures(source), cache };
  }
  const all = listPictures(path);
  if (all.length < 2)
    throw missing(
      `${all.length} images in ${folder}: expected two or more, for training and testing`,
    );
  return { source: path, files: holdOut(all, test_fraction)[split], all, cache };
}

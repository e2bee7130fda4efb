// Any folder of pictures as a data set: "folder:PATH".
import { dirname, join, resolve } from "node:path";
import { testFraction } from "../counts.js";
import type { DataSet, SetOptions } from "../data-set.js";
import { DatasetError } from "../errors.js";
import { isFolder } from "../files/read.js";
import { holdOut, listPictures } from "./picture-files.js";
import { pictureSet, type SplitPictures } from "./picture-set.js";

/** The prefix of the name of such a set; the path follows. */
export const folderPrefix = "folder:";

/** Usual names of the folder with test pictures. */
const testFolders = ["test", "val", "valid"];

/**
 * All pictures below a folder, at any depth, without labels. Those below "train" and "test" (or "val", "valid")
 * are its splits if it has both; else a share of the pictures is the test split, chosen by name (`test_fraction`).
 */
export function folderSet(path: string): DataSet {
  return pictureSet({
    about: "the pictures of a folder",
    label: null,
    find: (options) => find(path, options),
  });
}

function find(path: string, options: SetOptions): SplitPictures {
  const { name, split, directory } = options;
  const fraction = testFraction(options);
  if (path === "" || !isFolder(path))
    throw new DatasetError(
      "MissingFiles",
      `${name} (${split}): no folder ${resolve(path)}; write folder:PATH with the path of a folder of pictures (.png, .jpg, .webp, .avif, .tif)`,
    );
  const cache = join(directory ?? dirname(resolve(path)), "decoded");
  const train = listPictures(join(path, "train"));
  const test = testFolders.map((part) => join(path, part)).find((p) => listPictures(p).length > 0);
  if (train.length > 0 && test !== undefined) {
    const files = split === "train" ? train : listPictures(test);
    return { source: split === "train" ? join(path, "train") : test, files, cache };
  }
  const all = listPictures(path);
  if (all.length < 2)
    throw new DatasetError(
      "MissingFiles",
      `${name} (${split}): ${all.length} pictures in ${resolve(path)}: expected two or more, to train on and to test on (.png, .jpg, .webp, .avif, .tif)`,
    );
  return { source: path, files: holdOut(all, fraction)[split], all, cache };
}

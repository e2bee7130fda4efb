// The image sets by their configuration names. Each loads to the same kind of table; a new set is a file here and
// a line in `imageSets`.

import { DatasetError } from "./errors.js";
import { downscaler } from "./fields/downscaler.js";
import { syntheticDownscaler } from "./fields/downscaler-synthetic.js";
import type { ImageSet, ImageSetOptions, LoadImagesOptions, Preparation } from "./image-set.js";
import type { ImageTable } from "./image-table.js";
import { cifar10 } from "./images/cifar10.js";
import { emnistLetters } from "./images/emnist.js";
import { fashionMnist } from "./images/fashion-mnist.js";
import { idxSet } from "./images/idx-set.js";
import { mnist } from "./images/mnist.js";
import { syntheticSet } from "./images/synthetic.js";
import { checkClasses, parseName } from "./names.js";
import { afhq } from "./pictures/afhq.js";
import { folderPrefix, folderSet } from "./pictures/folder.js";

const others = [mnist, fashionMnist, emnistLetters];
const clothes = idxSet(fashionMnist, {
  about: "photographs of clothes, 28×28, labels 0–9",
  others,
});

/** All image sets by name; any of them takes labels behind its name (`mnist_2`, `emnist_1_2`). */
export const imageSets: Readonly<Record<string, ImageSet>> = {
  mnist: idxSet(mnist, { about: "handwritten digits, 28×28, labels 0–9", others }),
  emnist: idxSet(emnistLetters, {
    about: "handwritten letters a–e, 28×28, labels 1–5 (of EMNIST's 1–26)",
    usual: [1, 2, 3, 4, 5],
    others,
  }),
  emnist_letters: idxSet(emnistLetters, {
    about: "handwritten letters, 28×28, labels 1–26",
    others,
  }),
  fashion: clothes,
  fashion_mnist: clothes,
  synthetic_squares: syntheticSet("white squares on black, drawn on the spot, label 0", [0]),
  synthetic_circles: syntheticSet("white discs on black, drawn on the spot, label 1", [1]),
  synthetic_shapes: syntheticSet("squares and discs in turn, labels 0–1", [0, 1]),
  cifar10,
  afhq_cat: afhq("cat"),
  afhq_dog: afhq("dog"),
  afhq_wild: afhq("wild"),
  downscaler_high: downscaler("high"),
  downscaler_low: downscaler("low"),
  downscaler_synthetic_high: syntheticDownscaler("high"),
  downscaler_synthetic_low: syntheticDownscaler("low"),
};

/**
 * Loads one split of an image set: `loadImages("mnist_2", { split: "train" })`.
 *
 * A name is that of a set, then labels, joined by "_"; or "folder:PATH" for a folder of pictures. The table holds
 * bytes [n, C, H, W] (or float32, for fields); `decodeImages` makes of a batch what networks see. Sets of picture
 * files must have been made ready by `prepareImages`. Throws `DatasetError`: `UnknownSet` and `InvalidOption` for a
 * name or an option that means nothing, `MissingFiles` with what to fetch, `NotPrepared`, `WrongSet` and `BadLabel`
 * for files of another set, and what reading damaged files throws.
 */
export function loadImages(name: string, options: LoadImagesOptions): ImageTable {
  const { set, options: complete } = chosen(name, options);
  return set.load(complete);
}

/**
 * Makes one split ready to be loaded with the same options: pictures are decoded, beside JavaScript's thread, into a
 * file that later runs find. Does nothing for other sets and where it was done before.
 *
 * Throws like `loadImages`, `BadPicture` that names a picture, and the reason of `signal`; what was half done is
 * taken away.
 */
export async function prepareImages(
  name: string,
  { progress, signal, ...given }: LoadImagesOptions & Preparation,
): Promise<void> {
  const { set, options } = chosen(name, given);
  await set.prepare?.({ ...options, ...(progress && { progress }), ...(signal && { signal }) });
}

/** The set of a name, and the options of its loader. */
function chosen(
  name: string,
  { split, classes: given, ...rest }: LoadImagesOptions,
): { set: ImageSet; options: ImageSetOptions } {
  const { set, classes: named } = name.startsWith(folderPrefix)
    ? { set: folderSet(name.slice(folderPrefix.length)), classes: undefined }
    : parseName(name, imageSets);
  if (split !== "train" && split !== "test") {
    throw new DatasetError("InvalidOption", `split "${split}": expected "train" or "test"`);
  }
  if (named !== undefined && given !== undefined) {
    throw new DatasetError(
      "InvalidOption",
      `classes [${given}] for ${name}, which says its classes itself: give them in one place`,
    );
  }
  const classes = given === undefined ? named : checkClasses("classes", given, set);
  return { set, options: { ...rest, name, split, classes: classes ?? set.usual } };
}

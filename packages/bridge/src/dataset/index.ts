// The image sets by their configuration names. Each loads to the same kind of table; a new set is a file here and
// a line in `imageSets`.
import type { ImageTable } from "../dataset.js";
import { emnistLetters } from "./emnist.js";
import { DatasetError } from "./errors.js";
import { fashionMnist } from "./fashion-mnist.js";
import { idxSet } from "./idx-set.js";
import type { ImageSet, LoadImagesOptions } from "./image-set.js";
import { mnist } from "./mnist.js";
import { checkClasses, parseName } from "./names.js";
import { syntheticSet } from "./synthetic.js";

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
};

/**
 * Loads one split of an image set: `loadImages("mnist_2", { split: "train" })`.
 *
 * A name is that of a set, then labels, joined by "_". The table holds bytes [n, C, H, W]; `decodeImages` makes
 * of a batch what networks see. Throws `DatasetError`: `UnknownSet` and `InvalidOption` for a name or an option
 * that means nothing, `MissingFiles` with what to fetch, `WrongSet` and `BadLabel` for files of another set,
 * and what reading damaged files throws.
 */
export function loadImages(name: string, options: LoadImagesOptions): ImageTable {
  const { set, classes: named } = parseName(name, imageSets);
  const { split, classes: given, ...rest } = options;
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
  return set.load({ ...rest, name, split, classes: classes ?? set.usual });
}

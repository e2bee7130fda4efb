// From a published set's facts to a loader: find the files, check that they belong to the set, make the table.
import { join } from "node:path";
import type { DataSet, SetOptions } from "../data-set.js";
import { DatasetError } from "../errors.js";
import { locate, missingFiles, type Place } from "../files/locate.js";
import type { PublishedSet } from "../files/published.js";
import { status } from "../files/read.js";
import { byteTable } from "./byte-table.js";
import { type GreyImages, readImages } from "./idx-images.js";

/** A data set of IDX files. */
export function idxSet(
  set: PublishedSet,
  {
    about,
    usual,
    others,
  }: Pick<DataSet, "about" | "usual"> & {
    /** Sets whose files have the same names: they are recognised by the digest of their labels. */
    others: readonly PublishedSet[];
  },
): DataSet {
  return {
    about,
    classes: set.classes,
    ...(usual && { usual }),
    load(options) {
      const place = placeOf(set, options);
      const { images, labelsMd5 } = readImages(place);
      checkSet(set, { others, place, labelsMd5 });
      checkLabels(set, images, place);
      const { transposed = false } = set;
      return byteTable(
        { ...images, shape: [1, images.rows, images.cols] },
        { classes: set.classes, source: place.source, transposed },
        options,
      );
    },
  };
}

/** Where the files are; throws `MissingFiles` with every place that was tried. */
function placeOf(set: PublishedSet, { split, directory }: SetOptions): Place {
  if (directory !== undefined && status(directory)?.isDirectory() === false) {
    throw new DatasetError("InvalidOption", `directory ${directory}: not a folder; name a folder`);
  }
  const own = directory === undefined ? [] : set.folders.map((folder) => join(directory, folder));
  const shared = directory === undefined ? [] : [directory];
  const packaged = set.package?.folder();
  const tried = [...own, ...shared, ...(packaged === undefined ? [] : [packaged])];
  const place = locate(set, split, tried);
  if (place === undefined) throw missingFiles(set, split, { tried, target: own[0] });
  return place;
}

function checkSet(
  set: PublishedSet,
  {
    others,
    place,
    labelsMd5,
  }: { others: readonly PublishedSet[]; place: Place; labelsMd5: string },
): void {
  const labelsOf = ({ files }: PublishedSet) => [files.train.labels.md5, files.test.labels.md5];
  const found = others.find((other) => other !== set && labelsOf(other).includes(labelsMd5));
  if (found === undefined) return;
  throw new DatasetError(
    "WrongSet",
    `${place.labels}: the labels of ${found.title}: expected those of ${set.title}; put each set into a folder of its own, such as ${set.folders[0]} and ${found.folders[0]}`,
  );
}

function checkLabels(set: PublishedSet, { labels }: GreyImages, place: Place): void {
  const known = new Set(set.classes.map(({ label }) => label));
  const at = labels.findIndex((label) => !known.has(label));
  if (at < 0) return;
  const range = `${set.classes[0]!.label} to ${set.classes.at(-1)!.label}`;
  throw new DatasetError(
    "BadLabel",
    `${place.labels}: label ${labels[at]} of image ${at}: expected ${range}, the labels of ${set.title}`,
  );
}

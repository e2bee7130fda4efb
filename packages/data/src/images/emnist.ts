// EMNIST's letters: capital and small ones in one class, stored with rows and columns exchanged. One archive has all of
// EMNIST; the sizes of its members follow from the published numbers of images.
import type { PublishedFile, PublishedSet } from "../files/published.js";

const files = (split: string, n: number): { images: PublishedFile; labels: PublishedFile } => ({
  images: { name: `emnist-letters-${split}-images-idx3-ubyte`, size: 16 + n * 28 * 28 },
  labels: { name: `emnist-letters-${split}-labels-idx1-ubyte`, size: 8 + n },
});

/** Handwritten letters (Cohen, Afshar, Tapson, van Schaik 2017): 124,800 and 20,800 images of 28×28. */
export const emnistLetters: PublishedSet = {
  title: "EMNIST letters",
  home: "https://www.nist.gov/itl/products-and-services/emnist-dataset",
  files: { train: files("train", 124_800), test: files("test", 20_800) },
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

// Grey images with labels, from the two IDX files of a split.
import { createHash } from "node:crypto";
import { DatasetError } from "../errors.js";
import { parseIdx } from "../files/idx.js";
import type { Place } from "../files/locate.js";
import { unpack } from "../files/read.js";

/** Images of one split, in the order of the file. */
export interface GreyImages {
  /** Grey values 0–255, [n, rows, cols] in C order. */
  images: Uint8Array;
  /** One class an image, [n]. */
  labels: Uint8Array;
  n: number;
  rows: number;
  cols: number;
}

/**
 * Reads a pair of files, gzipped or not, with the md5 of the labels' file as unpacked.
 *
 * Throws `DatasetError`: `SizeMismatch` (not images, or labels of other images), and what `readIdx` throws.
 */
export function readImages(place: Place): { images: GreyImages; labelsMd5: string } {
  const read = place.read();
  const images = parseIdx(unpack(read.images, place.images), place.images);
  const labelBytes = unpack(read.labels, place.labels);
  const labels = parseIdx(labelBytes, place.labels);
  const [n, rows, cols] = images.shape;
  if (n === undefined || rows === undefined || cols === undefined || images.shape.length !== 3) {
    throw new DatasetError(
      "SizeMismatch",
      `${place.images}: array of [${images.shape}]: expected images, [n, rows, cols]`,
    );
  }
  if (labels.shape.length !== 1 || labels.shape[0] !== n) {
    throw new DatasetError(
      "SizeMismatch",
      `${place.labels}: labels of [${labels.shape}]: expected [${n}], one an image of ${place.images}`,
    );
  }
  if (n * rows * cols === 0) {
    throw new DatasetError(
      "SizeMismatch",
      `${place.images}: array of [${images.shape}]: no images`,
    );
  }
  return {
    images: { images: images.data, labels: labels.data, n, rows, cols },
    labelsMd5: createHash("md5").update(labelBytes).digest("hex"),
  };
}

/**
 * The images of some classes, in their order; throws `InvalidOption` for a class without images, `source` names them.
 */
export function keepClasses(
  data: GreyImages,
  classes: readonly number[],
  { source }: { source?: string } = {},
): GreyImages {
  const wanted = new Set(classes);
  const present = new Set(data.labels);
  const absent = [...wanted].filter((label) => !present.has(label));
  if (absent.length > 0 || wanted.size === 0) {
    throw new DatasetError(
      "InvalidOption",
      `${source === undefined ? "" : `${source}: `}classes [${classes}]: expected some of ${[...present].sort((p, q) => p - q).join(", ")}`,
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

// Images whose bytes tell their number.
import sharp, { type Sharp } from "sharp";
import type { Table } from "../../src/data-set.js";
import { loadTable, prepareTable } from "../../src/registry.js";
import { writeFiles } from "../files.js";

/** The byte of channel c at row r, column q of image i. */
export const pixel = (i: number, c: number, r: number, q: number) =>
  (83 * i + 59 * c + 5 * r + q) % 256;

interface PictureOptions {
  width?: number;
  height?: number;
  channels?: 1 | 2 | 3 | 4;
}

export const draw = (
  i: number,
  { width = 8, height = 8, channels = 3 }: PictureOptions = {},
): Sharp => {
  const bytes = Uint8Array.from({ length: width * height * channels }, (_, k) => {
    const at = Math.floor(k / channels);
    return pixel(i, k % channels, Math.floor(at / width), at % width);
  });
  return sharp(bytes, { raw: { width, height, channels } });
};
export const png = (i: number, options: PictureOptions = {}) => draw(i, options).png().toBuffer();

/** PNG images i = 0, 1, … under these names. */
export async function pictures(
  folder: string,
  names: readonly string[],
  options: PictureOptions = {},
) {
  for (const [i, name] of names.entries()) writeFiles(folder, { [name]: await png(i, options) });
  return folder;
}

type Options = Omit<Parameters<typeof loadTable>[1], "split"> & { split?: "train" | "test" };
export async function open(name: string, { split = "train", ...options }: Options = {}) {
  await prepareTable(name, { split, ...options });
  return loadTable(name, { split, ...options });
}

/** The first byte of each image, which identifies it. */
export const ids = ({ x }: Table) => x.select(1, 0).select(1, 0).select(1, 0).toNumbers();

export const numberedNames = (n: number) => Array.from({ length: n }, (_, i) => `${i}.png`);

// .npz: a .zip of .npy files. One array is read, by its key.

import { DatasetError } from "../../errors.js";
import { type ZipEntry, zipEntries } from "../../files/zip.js";
import { didYouMean } from "../../names.js";
import type { Opened, ReadOptions } from "../rows.js";
import { bytesOf } from "./bytes.js";
import { openArray } from "./npy.js";

/** Opens an array of a .npz file. Throws `BadZip`, `BadTable`, and `InvalidOption` for a key that it has not. */
export async function openNpz(path: string, { key, limits }: ReadOptions): Promise<Opened> {
  const entry = npzArray(path, key);
  const source = `${path}: ${entry.name}`;
  const { packing, range, crc } = entry;
  const otherwise = "unpack it and give the .npy file";
  return openArray(source, () =>
    bytesOf(path, { packing, range, crc, size: entry.packed, limits, otherwise }),
  );
}

/** The array of this key; without one the only array, or x beside the names of its columns, as `dsbm sample` writes it. */
export function npzArray(path: string, key: string | undefined): ZipEntry {
  const entries = zipEntries(path);
  const arrays = new Map(
    entries
      .filter(({ name }) => name.endsWith(".npy"))
      .map((entry): [string, ZipEntry] => [entry.name.slice(0, -4), entry]),
  );
  const keys = [...arrays.keys()];
  const only = arrays.has("columns") ? "x" : keys.length === 1 ? keys[0] : undefined;
  const entry = arrays.get(key ?? only ?? "");
  if (entry) return entry;
  throw new DatasetError(
    "InvalidOption",
    key === undefined
      ? `${path}: has ${keys.length === 0 ? "no arrays (.npy) in it: expected a .npz file of NumPy" : `the arrays ${keys.join(", ")}: expected one of them named, write data.key=${keys[0]}`}`
      : `data.key=${key}: ${path} has the arrays ${keys.join(", ")}${didYouMean(key, keys)}`,
  );
}

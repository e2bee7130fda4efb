// .npz: a .zip of .npy files. One array is read, by its key, with the names of its columns where `dsbm sample` wrote them.

import { invalidOption } from "../../errors.js";
import { type ZipEntry, zipEntries } from "../../files/zip.js";
import { didYouMean } from "../../names.js";
import type { Opened, ReadOptions } from "../rows.js";
import { openSink } from "../write/sink.js";
import { ByteReader, bytesOf } from "./bytes.js";
import { openArray } from "./npy.js";

/** Opens an array of a .npz file. Throws `BadZip`, `BadTable`, and `InvalidOption` for a key that it has not. */
export async function openNpz(path: string, { key, limits }: ReadOptions): Promise<Opened> {
  const entry = npzArray(path, key);
  const bytes = (one: ZipEntry) => memberBytes(path, one, limits);
  const names = entry.name === "x.npy" && zipEntries(path).find(({ name }) => name === namesFile);
  return openArray(`${path}: ${entry.name}`, () => bytes(entry), {
    names: names ? await textsOf(bytes(names)) : null,
  });
}

const memberBytes = (
  path: string,
  { packing, range, crc, packed }: ZipEntry,
  limits?: ReadOptions["limits"],
) =>
  bytesOf(path, {
    ...{ packing, range, crc, size: packed, limits },
    otherwise: "unpack it and give the .npy file",
  });

/** The names of the columns of x. */
const namesFile = "columns.npy";

/** Longest array of names that is read, in bytes. */
const mostNames = 2 ** 26;

/** An array of texts as NumPy has it, code points of 32 bits; null for an array of another kind. */
async function textsOf(bytes: AsyncIterable<Buffer>): Promise<string[] | null> {
  const reader = new ByteReader(bytes);
  try {
    const all = await reader.take(mostNames);
    const start = 10 + (all.length < 10 ? 0 : all.readUInt16LE(8));
    const header = all.toString("latin1", 10, start);
    const [, width, count] =
      /'descr': '<U(\d+)'.*'fortran_order': False.*'shape': \((\d+),\)/.exec(header) ?? [];
    const length = 4 * Number(width);
    if (!(length > 0) || all.length !== start + length * Number(count)) return null;
    const points = (first: number) =>
      Array.from({ length: Number(width) }, (_, i) => all.readUInt32LE(first + 4 * i));
    return Array.from({ length: Number(count) }, (_, i) => {
      const text = points(start + i * length);
      // Shorter texts end in zeros.
      const end = text.findLastIndex((point) => point !== 0) + 1;
      const isText = text.every((point) => point <= 0x10ffff);
      return isText ? String.fromCodePoint(...text.slice(0, end)) : "";
    });
  } finally {
    await reader.close();
  }
}

/** The array of this key; without one the only array, or x beside the names of its columns, as `dsbm sample` writes it. */
function npzArray(path: string, key: string | undefined): ZipEntry {
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
  throw invalidOption(
    key === undefined
      ? `${path}: has ${keys.length === 0 ? "no arrays (.npy) in it: expected a .npz file of NumPy" : `the arrays ${keys.join(", ")}: expected one of them named, write data.key=${keys[0]}`}`
      : `data.key=${key}: ${path} has the arrays ${keys.join(", ")}${didYouMean(key, keys)}`,
  );
}

/** Writes the array of a .npz file to `target`. Throws as `openRows` does for .npz, and the system's errors. */
export async function extractArray(
  path: string,
  target: string,
  { key }: { key?: string | undefined } = {},
): Promise<void> {
  const entry = npzArray(path, key);
  const sink = openSink(target);
  try {
    for await (const part of memberBytes(path, entry)) await sink.write(part);
  } finally {
    sink.abandon();
  }
}

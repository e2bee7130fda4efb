import { invalidOption } from "../../errors.js";
import { openZip } from "../../files/archive.js";
import { didYouMean } from "../../names.js";
import type { Opened, ReadOptions } from "../rows.js";
import { openArray } from "./npy.js";

/** Opens the array of a key; without a key the only array. Throws `BadZip`, `BadTable`, and `InvalidOption` for an unknown key. */
export function openNpz(path: string, { key, limits }: ReadOptions): Opened {
  const archive = openZip(path, limits);
  const arrays = archive.names.filter((name) => name.endsWith(".npy"));
  const candidates = key === undefined ? arrays : arrays.filter((name) => name === `${key}.npy`);
  if (candidates.length === 1) {
    const member = candidates[0];
    return openArray(`${path}: ${member}`, archive.read(member)!);
  }
  const keys = arrays.map((name) => name.slice(0, -4));
  if (key !== undefined)
    throw invalidOption(
      `data.key=${key}: ${path} has the arrays ${keys.join(", ")}${didYouMean(key, keys)}`,
    );
  throw invalidOption(
    keys.length === 0
      ? `${path}: has no arrays (.npy) in it: expected a .npz file of NumPy`
      : `${path}: has the arrays ${keys.join(", ")}: expected a key, write data.key=${keys[0]}`,
  );
}

import { io, type Tensor, tidy } from "@dsbm/torch";
import { badTable, byOption, type Cure, didYouMean, invalidOption, reason } from "../../errors.js";
import { openZip } from "../../files/archive.js";
import { mapArray } from "../../files/array-set.js";
import type { Opened, ReadOptions } from "../row-source.js";
import { denseBlock, matrixTable } from "./matrix.js";

/**
 * Opens an array [n, d] or [n].
 * @throws {DatasetError} `BadTable`
 */
export const openNpy = (path: string): Opened => arrayTable(path, mapArray(path, "BadTable"));

/**
 * Opens the bytes of a .npy file.
 * @throws {DatasetError} `BadTable`
 */
export function openArray(source: string, bytes: Uint8Array): Opened {
  try {
    return arrayTable(source, io.fromRaw(io.npy.decode(bytes, source)));
  } catch (error) {
    if (!io.isFormatError(error)) throw error;
    throw badTable(source, reason(error).replace(`${source}: `, ""));
  }
}

/** A table of images has no rows: its argument needs the prefix. */
const imageArray: Cure = {
  options: [{ key: "Dataset", values: ["array:PATH.npy"] }],
  text: "for images write array:PATH.npy",
};

function arrayTable(source: string, array: Tensor): Opened {
  const { shape } = array.keep();
  const [n, d = 1] = shape;
  const close = () => array.dispose();
  if (n === undefined || shape.length > 2 || d === 0) {
    close();
    throw badTable(source, `an array [${shape.join(", ")}]: expected a table [n, d] or [n]`, [
      shape.length === 4 ? imageArray : "reshape it",
    ]);
  }
  const rows = (first: number, count: number) =>
    tidy(() => array.narrow(0, first, count).to("float64").flatten().toArray() as Float64Array);
  const block = (first: number, count: number) => denseBlock(rows(first, count), d);
  return matrixTable(source, { n, d, block }, { names: null, close });
}

/**
 * Opens the array of a key; without a key the only array.
 * @throws {DatasetError} `BadZip`, `BadTable`, and `InvalidOption` for an unknown key.
 */
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
    throw invalidOption(`${path} has the arrays ${keys.join(", ")}${didYouMean(key, keys)}`, {
      option: { key: "data.key", values: [key] },
    });
  if (keys.length === 0)
    throw invalidOption(`${path}: has no arrays (.npy) in it: expected a .npz file of NumPy`);
  throw invalidOption(`${path}: has the arrays ${keys.join(", ")}: expected a key`, {
    cures: [byOption("data.key", [keys[0]])],
  });
}

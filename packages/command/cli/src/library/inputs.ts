import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { ConfigError } from "@dsbm/config";
import { writeFileAtomic } from "@dsbm/files";
import { oddRow } from "@dsbm/inference";
import { io, tidy } from "@dsbm/torch";
import { type Rows, toTensor } from "./row-kinds.js";

/** Data of the source or target: a path, or samples in memory. */
export type Source = string | Rows;

/** Data of one end: the path of a file, or samples in memory with their shape and the bytes of their file. */
export interface InputFile {
  path: string;
  shape: readonly number[] | null;
  bytes: Uint8Array | null;
}

/**
 * Checks data; data in memory become a file's bytes.
 * @throws {ConfigError} for a wrong shape and for NaN and infinite values.
 */
export function inputOf(source: Source, end: string): InputFile {
  if (typeof source === "string") return { path: source, shape: null, bytes: null };
  const x = toTensor(source, end);
  try {
    const { shape } = x;
    if (shape.length !== 2 && shape.length !== 4)
      throw new ConfigError(
        `${end} has shape [${shape.join(", ")}]; expected vectors [n, d] or images [n, C, H, W]`,
        "shape",
      );
    const odd = x.dtype === "uint8" ? -1 : oddRow(x);
    if (odd >= 0)
      throw new ConfigError(
        `${end} has values that are NaN or infinite, first in row ${odd} (counted from 0); expected numbers`,
        "not_finite",
      );
    const rows =
      shape.length === 4 && x.dtype === "float64" ? tidy(() => x.to("float32").keep()) : x;
    return { path: "", shape, bytes: io.encodeNpy(rows) };
  } finally {
    x.dispose();
  }
}

/** Equal numbers have the same name; null if all data are files. */
export function memoryName(ends: readonly InputFile[]): string | null {
  if (ends.every(({ bytes }) => bytes === null)) return null;
  const digest = createHash("sha256");
  for (const { path, bytes } of ends) digest.update(bytes ?? path).update("\0");
  return `memory-${digest.digest("hex").slice(0, 12)}`;
}

/**
 * Writes data from memory to `folder`/inputs.
 * @throws {ConfigError} if the folder holds a run of other data.
 */
export function writeInput(
  end: string,
  input: InputFile,
  { folder, again }: { folder: string; again: boolean },
): InputFile {
  const { bytes } = input;
  if (bytes === null) return input;
  const path = join(folder, "inputs", `${end}.npy`);
  const isThere = existsSync(path) && Buffer.compare(readFileSync(path), bytes) === 0;
  if (!isThere && !again && existsSync(join(folder, "run.json")))
    throw new ConfigError(
      `${folder} holds a run with another ${end}: give another folder, or again: true to start over`,
    );
  if (!isThere) writeFileAtomic(path, bytes);
  return { ...input, path };
}

/** The closest folder above `path`, or itself, that exists. */
export const existingParent = (path: string): string =>
  existsSync(path) ? path : existingParent(dirname(path));

/** Undoes `writeInput` if no run was made: it removes empty folders below `kept`. */
export function removeInputs(folder: string, kept: string): void {
  if (existsSync(join(folder, "run.json"))) return;
  rmSync(join(folder, "inputs"), { recursive: true, force: true });
  for (
    let path = existingParent(folder);
    path !== kept && readdirSync(path).length === 0;
    path = dirname(path)
  )
    rmdirSync(path);
}

// Where samples go: an array, or a folder of pictures. Either appears when it is whole.
import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, extname } from "node:path";
import { encodeImages } from "@dsbm/bridge";
import {
  openFileReplacement,
  openFolderReplacement,
  picturePng,
  sweepTemporaries,
} from "@dsbm/runs";
import { io, type Tensor, tidy } from "@dsbm/torch";
import { UsageError } from "../terminal/errors.js";
import type { Trained } from "./trained.js";

export interface Output {
  /** Takes samples [count, …] from `first` on; with a path, those of state k. Reads them before it first waits. */
  put(x: Tensor, at: { k: number; first: number }): Promise<void>;
  /** Gives the whole its name. */
  commit(): void;
  /** Takes away what is half done. */
  discard(): void;
  /** One line for people. */
  about: string;
}

export interface OutputOptions {
  trained: Trained;
  /** Samples in all, and their names where they have some. */
  n: number;
  names: readonly string[] | null;
  /** States of a path; null: the ends only. */
  states: number | null;
  overwrite: boolean;
}

const isArray = (path: string) => extname(path) === ".npy";

/**
 * Refuses an invalid output before anything is loaded: one that is there, a folder for vectors or paths, a
 * file of another kind. Throws a UsageError.
 */
export function checkOutput(
  path: string,
  { trained, paths, overwrite }: { trained: Trained; paths: boolean; overwrite: boolean },
): void {
  const there = existsSync(path) ? statSync(path) : undefined;
  const again = "give another name, or write overwrite=true";
  if (isArray(path)) {
    if (there?.isDirectory())
      throw new UsageError(`OUTPUT ${path} is a folder; expected the name of a .npy file`);
    if (there && !overwrite) throw new UsageError(`OUTPUT ${path} is there already: ${again}`);
    return;
  }
  const [channels] = trained.shape;
  if (trained.shape.length === 1 || (channels !== 1 && channels !== 3))
    throw new UsageError(
      `OUTPUT ${path} would be a folder of pictures, but samples are [${trained.shape.join(", ")}]: write a .npy file, such as out.npy`,
    );
  if (paths)
    throw new UsageError(`path=true writes a .npy file, got OUTPUT ${path}: write ${path}.npy`);
  if (there && !there.isDirectory())
    throw new UsageError(
      `OUTPUT ${path} is a file, expected a .npy file or a folder: choose another name`,
    );
  if (there && !overwrite && readdirSync(path).length > 0)
    throw new UsageError(
      `OUTPUT ${path} is there already and not empty: give another name, or write overwrite=true to replace pictures of the same names`,
    );
}

/** Begins an output. Throws RunError and FormatError where the disk refuses. */
export function openOutput(path: string, options: OutputOptions): Output {
  const folder = dirname(path);
  if (existsSync(folder)) sweepTemporaries(folder, { deep: false });
  return isArray(path) ? arrayOutput(path, options) : pictureOutput(path, options);
}

function arrayOutput(path: string, { trained, n, states }: OutputOptions): Output {
  const shape = [...(states === null ? [] : [states]), n, ...trained.shape];
  const replacement = openFileReplacement(path);
  let target: io.NpyTarget;
  try {
    target = new io.NpyTarget(replacement.temporary, "float32", shape);
  } catch (error) {
    replacement.discard();
    throw error;
  }
  const discard = () => {
    target.close();
    replacement.discard();
  };
  return {
    about: `${path}, float32 [${shape.join(", ")}]`,
    async put(x, { k, first }) {
      const at = states === null ? [first] : [k, first];
      tidy(() => target.put(at, io.toRaw(x.to({ device: "cpu" }))));
    },
    commit() {
      target.close({ sync: true });
      replacement.commit();
    },
    discard,
  };
}

/** Pictures being written at once. */
const ahead = 16;

function pictureOutput(path: string, { trained, n, names }: OutputOptions): Output {
  const [channels, height, width] = trained.shape as [number, number, number];
  const replacement = openFolderReplacement(path);
  const digits = Math.max(6, String(n - 1).length);
  const nameOf = (i: number) => `${names?.[i] ?? String(i).padStart(digits, "0")}.png`;
  return {
    about: `${path}, ${n} pictures of ${width}×${height} pixels`,
    async put(x, { first }) {
      const bytes = tidy(() => encodeImages(x.to({ device: "cpu" })).toArray() as Uint8Array);
      const size = channels * height * width;
      const count = x.size(0);
      for (let at = 0; at < count; at += ahead) {
        const some = Array.from({ length: Math.min(ahead, count - at) }, (_, i) => at + i);
        const written = await Promise.allSettled(
          some.map(async (i) => {
            const pixels = bytes.subarray(i * size, (i + 1) * size);
            const png = await picturePng(pixels, [channels, height, width]);
            await replacement.write(nameOf(first + i), png);
          }),
        );
        for (const one of written) if (one.status === "rejected") throw one.reason;
      }
    },
    commit: () => replacement.commit(),
    discard: () => replacement.discard(),
  };
}

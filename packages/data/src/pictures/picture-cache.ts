// Pictures are decoded once, into one .npy file of bytes that later runs map into memory: decoding takes longer than
// training on them, and large sets do not fit into memory.
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { io } from "@dsbm/torch";
import { DatasetError } from "../errors.js";
import { storing } from "../files/read.js";
import { sealOf, writeSeal } from "../files/seal.js";
import { sweepTemporaries, temporaryBeside } from "../files/temporary.js";
import { type DecodedPicture, decodePicture, type PictureTarget } from "./picture-decode.js";
import type { PictureFile } from "./picture-files.js";

/** Pictures being decoded at once: more than decoding threads, so that none waits for the disk. */
const ahead = 8;

const stored = storing("decoded pictures", "name another folder as cache");

interface DecodeAllOptions {
  target: PictureTarget;
  /** Height and width that each must have without a target size; default those of the first. */
  expected?: readonly [number, number];
  progress?: (done: number) => void;
  signal?: AbortSignal;
}

/**
 * Decodes all files into `path`, a .npy file [n, channels, H, W] of bytes, which appears when it is complete.
 *
 * Throws a `DatasetError`: `BadPicture` that names a damaged picture or one of another size, `Unreadable` where
 * the file cannot be written; and the signal's reason. An unfinished file is deleted.
 */
export async function decodeAll(
  files: readonly PictureFile[],
  path: string,
  { target, expected, progress, signal }: DecodeAllOptions,
): Promise<void> {
  signal?.throwIfAborted();
  const temporary = temporaryBeside(path);
  stored(dirname(path), () => {
    mkdirSync(dirname(resolve(path)), { recursive: true });
    sweepTemporaries(dirname(path));
  });
  let writer: io.npy.NpyWriter | undefined;
  let [height, width] = expected ?? [0, 0];
  let done = 0;
  try {
    for await (const picture of inOrder(files, target)) {
      signal?.throwIfAborted();
      const name = files[done]!.path;
      if (done === 0 && expected === undefined) [height, width] = [picture.height, picture.width];
      if (picture.height !== height || picture.width !== width)
        throw new DatasetError(
          "BadPicture",
          `${name}: ${picture.width}×${picture.height} pixels: expected ${width}×${height} as ${expected ? "published" : `in ${basename(files[0]!.path)}`}; remove it, or set image_size to bring all pictures to one size`,
        );
      const shape = [target.channels, height, width];
      stored(path, () => {
        writer ??= new io.npy.NpyWriter(temporary, "uint8", shape);
        writer.append({ dtype: "uint8", shape, data: picture.bytes });
      });
      done += 1;
      progress?.(done);
    }
    stored(path, () => writer!.close({ sync: true }));
    await writeSeal(sealOf(temporary), [[temporary, basename(path)]], sealOf(path));
    stored(path, () => {
      renameSync(sealOf(temporary), sealOf(path));
      renameSync(temporary, path);
    });
  } catch (error) {
    try {
      writer?.close();
    } finally {
      for (const left of [temporary, sealOf(temporary)]) rmSync(left, { force: true });
    }
    throw error;
  }
}

/** The pictures in order, some of them decoded in advance; the first failure in this order is thrown. */
async function* inOrder(
  files: readonly PictureFile[],
  target: PictureTarget,
): AsyncGenerator<DecodedPicture> {
  type Outcome = { picture: DecodedPicture } | { error: unknown };
  // Failures are values until their turn: an earlier rejection would count as unhandled.
  const decode = ({ path }: PictureFile): Promise<Outcome> =>
    decodePicture(path, target).then(
      (picture) => ({ picture }),
      (error) => ({ error }),
    );
  const waiting: Promise<Outcome>[] = [];
  let next = 0;
  try {
    for (let i = 0; i < files.length; i++) {
      while (next < files.length && next < i + ahead) waiting.push(decode(files[next++]!));
      const outcome = await (waiting.shift() as Promise<Outcome>);
      if ("error" in outcome) throw outcome.error;
      yield outcome.picture;
    }
  } finally {
    await Promise.all(waiting);
  }
}

// Decodes images once, into a mapped .npy file of bytes: decoding takes longer than training, and
// large sets do not fit into memory.
import { basename } from "node:path";
import { io } from "@dsbm/torch";
import { DatasetError } from "../errors.js";
import { type DecodedPicture, decodePicture, type PictureTarget } from "./picture-decode.js";
import type { PictureFile } from "./picture-files.js";

/** More than decoding threads, so that no thread waits for the disk. */
const ahead = 8;

interface DecodeAllOptions {
  target: PictureTarget;
  /** Height and width without a target size. Default: as the first image. */
  published: readonly [number, number] | null;
  progress: (done: number) => void;
  signal: AbortSignal | undefined;
}

/** Decodes all files into `path`, a .npy file [n, channels, H, W] of bytes. Throws `BadPicture`, and the signal's reason. */
export async function decodeAll(
  files: readonly PictureFile[],
  path: string,
  { target, published, progress, signal }: DecodeAllOptions,
): Promise<void> {
  let writer: io.npy.NpyWriter | undefined;
  let [height, width] = published ?? [0, 0];
  let done = 0;
  try {
    for await (const picture of decodeInOrder(files, target)) {
      signal?.throwIfAborted();
      if (done === 0 && published === null) {
        height = picture.height;
        width = picture.width;
      }
      if (picture.height !== height || picture.width !== width)
        throw new DatasetError(
          "BadPicture",
          `${files[done]?.path}: ${picture.width}×${picture.height} pixels: expected ${width}×${height} as ${published ? "published" : `in ${basename(files[0]?.path ?? "")}`}; remove it, or set image_size to scale all images to one size`,
        );
      const shape = [target.channels, height, width];
      writer ??= new io.npy.NpyWriter(path, "uint8", shape);
      writer.append({ dtype: "uint8", shape, data: picture.bytes });
      done += 1;
      progress(done);
    }
    writer?.close({ sync: true });
  } finally {
    writer?.close();
  }
}

/** Some images are decoded in advance; the first failure in order is thrown. */
async function* decodeInOrder(
  files: readonly PictureFile[],
  target: PictureTarget,
): AsyncGenerator<DecodedPicture> {
  const waiting: Promise<DecodedPicture>[] = [];
  const start = (file: PictureFile) => {
    const decoding = decodePicture(file.path, target);
    // A failure counts when its turn comes.
    decoding.catch(() => {});
    waiting.push(decoding);
  };
  try {
    for (const file of files.slice(0, ahead)) start(file);
    for (let i = 0; i < files.length; i++) {
      yield await (waiting.shift() as Promise<DecodedPicture>);
      const next = files[i + ahead];
      if (next) start(next);
    }
  } finally {
    await Promise.allSettled(waiting);
  }
}

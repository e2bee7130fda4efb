// Decodes images once, into a mapped .npy file of bytes: decoding takes longer than training, and
// large sets do not fit into memory.
import { io } from "@dsbm/torch";
import { DatasetError } from "../errors.js";
import { type DecodedPicture, decodePicture, type PictureTarget } from "./picture-decode.js";
import type { PictureFile } from "./picture-files.js";

/** More than decoding threads, so that no thread waits for the disk. */
const together = 16;

interface DecodeAllOptions {
  target: PictureTarget;
  progress: (done: number) => void;
  signal: AbortSignal | undefined;
}

/** Decodes all files into `path`, a .npy file [n, channels, H, W] of bytes. Throws `BadPicture`, and the signal's reason. */
export async function decodeAll(
  files: readonly PictureFile[],
  path: string,
  { target, progress, signal }: DecodeAllOptions,
): Promise<void> {
  let writer: io.npy.NpyWriter | undefined;
  let size: readonly [number, number] | undefined;
  let done = 0;
  try {
    for await (const { height, width, bytes } of decodeInOrder(files, target)) {
      signal?.throwIfAborted();
      size ??= [height, width];
      if (height !== size[0] || width !== size[1])
        throw new DatasetError(
          "BadPicture",
          `${files[done]?.path}: ${width}×${height} pixels: expected ${size[1]}×${size[0]} as in the first image; remove it, or set image_size to scale all images to one size`,
        );
      const shape = [target.channels, height, width];
      writer ??= new io.npy.NpyWriter(path, "uint8", shape);
      writer.append({ dtype: "uint8", shape, data: bytes });
      done += 1;
      progress(done);
    }
    writer?.close({ sync: true });
  } finally {
    writer?.close();
  }
}

/** Decodes some images at once. Throws the first failure in order, as `decodePicture`. */
export async function* decodeInOrder(
  files: readonly Pick<PictureFile, "path">[],
  target: PictureTarget,
  options: { most?: number } = {},
): AsyncGenerator<DecodedPicture> {
  for (let first = 0; first < files.length; first += together) {
    const some = files.slice(first, first + together);
    for (const decoded of await Promise.allSettled(
      some.map(({ path }) => decodePicture(path, target, options)),
    )) {
      if (decoded.status === "rejected") throw decoded.reason;
      yield decoded.value;
    }
  }
}

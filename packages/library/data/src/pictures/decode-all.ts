// Decodes images once, into a mapped .npy file of bytes: decoding takes longer than training, and
// large sets do not fit into memory.
import { decodeImages } from "@dsbm/bridge";
import { io, type Tensor, tensor, tidy } from "@dsbm/torch";
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
  let done = 0;
  try {
    const cure =
      " as in the first image; remove it, or set image_size to scale all images to one size";
    for await (const { height, width, bytes } of decodeInOrder(files, target, { cure })) {
      signal?.throwIfAborted();
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

interface DecodeOptions {
  /** The size of all images; by default of the first one. */
  like?: Pick<DecodedPicture, "height" | "width">;
  /** What to do about an image of another size. */
  cure?: string;
  most?: number | undefined;
}

/** Decodes some images at once. Throws the first failure in order: `BadPicture` for another size, and as `decodePicture`. */
export async function* decodeInOrder(
  files: readonly Pick<PictureFile, "path">[],
  target: PictureTarget,
  { like, cure = "", most }: DecodeOptions = {},
): AsyncGenerator<DecodedPicture> {
  let expected = like;
  for (let first = 0; first < files.length; first += together) {
    const some = files.slice(first, first + together);
    const decoded = await Promise.allSettled(
      some.map(({ path }) => decodePicture(path, target, { most })),
    );
    for (const [i, result] of decoded.entries()) {
      if (result.status === "rejected") throw result.reason;
      const { height, width } = result.value;
      expected ??= result.value;
      if (height !== expected.height || width !== expected.width)
        throw new DatasetError(
          "BadPicture",
          `${some[i].path} has ${width}×${height} pixels; expected ${expected.width}×${expected.height}${cure}`,
        );
      yield result.value;
    }
  }
}

/** Images [n, channels, H, W] from −1 to 1. Throws as `decodeInOrder`. */
export async function readPictures(
  files: readonly Pick<PictureFile, "path">[],
  target: PictureTarget,
  options: DecodeOptions & Required<Pick<DecodeOptions, "like">>,
): Promise<Tensor> {
  const { height, width } = options.like;
  const bytes: Uint8Array[] = [];
  for await (const picture of decodeInOrder(files, target, options)) bytes.push(picture.bytes);
  const shape = [files.length, target.channels, height, width];
  return tidy(() => decodeImages(tensor(new Uint8Array(Buffer.concat(bytes)), { shape })).keep());
}

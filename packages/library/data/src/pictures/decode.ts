import { decodeImages } from "@dsbm/bridge";
import { firstOf } from "@dsbm/files";
import { io, type Tensor, tensor, tidy } from "@dsbm/torch";
import type { Metadata, Sharp } from "sharp";
import { DatasetError, reason } from "../errors.js";
import { isFolder } from "../files/read.js";
import { type PictureChange, PictureChanges, pictureChanges } from "./picture-changes.js";
import { listPictures, type PictureFile } from "./picture-files.js";

const mostHeaders = 50;
/** The share of images that may be smaller than the format, so that an odd file does not decide for all. */
const smallerShare = 0.05;

/** What image files have in common. */
export interface PictureFormat {
  /** The side in pixels that all inspected images have but a twentieth of them. */
  size: number;
  /** Inspected images that are smaller. */
  smaller: number;
  /** 1 if all are stored as grey. */
  channels: 1 | 3;
}

/**
 * The size and the channels of the images in a folder.
 * @throws {DatasetError} `MissingFiles`, `BadPicture` if none can be read.
 */
export async function pictureFormat(folder: string): Promise<PictureFormat> {
  const files = listPictures(folder);
  if (files.length === 0)
    throw new DatasetError(
      "MissingFiles",
      `${folder}: ${isFolder(folder) ? "no images" : "no such folder"}; expected PNG, JPEG or WebP files in it or in the folders below`,
    );
  const { default: sharp } = await import("sharp");
  const some = files.filter((_, i) => i % Math.ceil(files.length / mostHeaders) === 0);
  // Decoding names an unreadable image later.
  const headers = await Promise.allSettled(some.map(({ path }) => sharp(path).metadata()));
  const metadata = headers.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  if (metadata.length === 0)
    throw new DatasetError(
      "BadPicture",
      `${folder}: none of the ${some.length} inspected files is an image; expected PNG, JPEG or WebP`,
    );
  const sides = metadata.map(({ width, height }) => Math.min(width, height)).sort((a, b) => a - b);
  const size = sides[Math.floor(smallerShare * sides.length)];
  const smaller = sides.filter((side) => side < size).length;
  const isGrey = metadata.every(({ space, channels }) => space === "b-w" || channels === 1);
  return { size, smaller, channels: isGrey ? 1 : 3 };
}

/** Channels and size of decoded images. */
export interface PictureTarget {
  /** 1 for grey, 3 for colour, 4 for colour and opacity. */
  channels: 1 | 3 | 4;
  /** Height and width of all images; null: no resizing. */
  size: number | null;
  /** The colour behind transparent parts (default: white); with 4 channels the colour of fully transparent pixels. */
  background?: string;
}

/** Channels of the images that folders hold. */
export const isPictureChannels = (channels: number): channels is PictureTarget["channels"] =>
  [1, 3, 4].includes(channels);

/** A few kilobytes can claim gigabytes: refused before decoding. */
const mostPixels = 100_000_000;

/** The pixels of an image file. */
export interface DecodedPicture {
  /** [channels, height, width] in C order. */
  bytes: Uint8Array;
  /** In pixels. */
  height: number;
  /** In pixels. */
  width: number;
  /** What decoding changed. */
  changes: readonly PictureChange[];
}

const formats: readonly string[] = ["png", "jpeg", "webp", "heif", "tiff", "gif"];

/**
 * The header of an image.
 * @throws as `decodePicture`.
 */
async function pictureHeader(path: string): Promise<Metadata> {
  const { default: sharp } = await import("sharp");
  try {
    const header = await sharp(path, { limitInputPixels: false }).metadata();
    if (!formats.includes(header.format))
      throw new Error(`it is ${header.format}, whatever its name says`);
    return header;
  } catch (error) {
    throw noPicture(path, error);
  }
}

/**
 * Decodes an image: upright, in sRGB, transparent parts on a background, or kept with 4 channels; with a size, cropped to its central square and
 * scaled (Lanczos).
 * @throws {DatasetError} `BadPicture` for other files, damage, or more than `most` pixels.
 */
export async function decodePicture(
  path: string,
  target: PictureTarget,
  { most = mostPixels }: { most?: number | undefined } = {},
): Promise<DecodedPicture> {
  const { default: sharp } = await import("sharp");
  const header = await pictureHeader(path);
  const size = header.autoOrient;
  if (size.width * size.height > most)
    throw new DatasetError(
      "BadPicture",
      `${path}: ${size.width}×${size.height} pixels: expected at most ${most} in all, more takes gigabytes to decode; scale it down first`,
    );
  try {
    const picture = sharp(path, { limitInputPixels: most });
    const isOpaque = !header.hasAlpha || (await picture.clone().stats()).isOpaque;
    const background = target.background ?? "white";
    const upright = picture.autoOrient();
    const isKept = target.channels === 4;
    const whole = isKept ? upright.ensureAlpha() : upright.flatten({ background });
    const { data, info } = await fitTo(whole, target).raw().toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    if (isKept) colourClearPixels(data, await bytesOf(background));
    const bytes = toPlanes(data, channels, target.channels);
    return { bytes, height, width, changes: pictureChanges(header, target, isOpaque) };
  } catch (error) {
    throw noPicture(path, error);
  }
}

/** Red, green and blue of a colour. */
async function bytesOf(background: string): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp");
  const create = { width: 1, height: 1, channels: 3 as const, background };
  return sharp({ create }).raw().toBuffer();
}

/** Files have any colour where nothing is seen, which a bridge would learn. */
function colourClearPixels(rgba: Uint8Array, colour: Uint8Array): void {
  for (let i = 0; i < rgba.length; i += 4) if (rgba[i + 3] === 0) rgba.set(colour, i);
}

const noPicture = (path: string, error: unknown) =>
  new DatasetError(
    "BadPicture",
    // The decoder repeats itself on further lines.
    `${path}: not a readable image (${reason(error).split("\n")[0]}): remove it or download it again`,
  );

function fitTo(picture: Sharp, { channels, size }: PictureTarget): Sharp {
  const scaled =
    size === null
      ? picture
      : picture.resize(size, size, { fit: "cover", position: "centre", kernel: "lanczos3" });
  return channels === 1 ? scaled.greyscale().toColourspace("b-w") : scaled.toColourspace("srgb");
}

function toPlanes(data: Uint8Array, stored: number, channels: number): Uint8Array {
  const size = data.length / stored;
  const out = new Uint8Array(channels * size);
  for (let c = 0; c < channels; c++)
    for (let i = 0; i < size; i++) out[c * size + i] = data[i * stored + c];
  return out;
}

// Decodes images once, into a mapped .npy file of bytes: decoding takes longer than training, and
// large sets do not fit into memory.

/** More than decoding threads, so that no thread waits for the disk. */
const filesAtOnce = 16;

interface DecodeAllOptions {
  target: PictureTarget;
  progress: (done: number) => void;
  signal: AbortSignal | undefined;
}

/**
 * Decodes all files into `path`, a .npy file [n, channels, H, W] of bytes, and returns what decoding changed.
 * @throws {DatasetError} `BadPicture`, and the signal's reason.
 */
export async function decodeAll(
  files: readonly PictureFile[],
  path: string,
  { target, progress, signal }: DecodeAllOptions,
): Promise<PictureChanges> {
  let writer: io.npy.NpyWriter | undefined;
  const counts = new PictureChanges();
  let done = 0;
  try {
    const cure =
      " as in the first image; remove it, or set image_size to scale all images to one size";
    const options = { cure, signal };
    for await (const { height, width, bytes, changes } of decodeInOrder(files, target, options)) {
      signal?.throwIfAborted();
      const shape = [target.channels, height, width];
      writer ??= new io.npy.NpyWriter(path, "uint8", shape);
      writer.append({ dtype: "uint8", shape, data: bytes });
      counts.add(changes);
      done += 1;
      progress(done);
    }
    writer?.close({ sync: true });
    return counts;
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
  signal?: AbortSignal | undefined;
}

/**
 * Decodes some images at once.
 * @throws as `decodePicture` for the first unreadable image, after all were tried, with the names of the others;
 * `BadPicture` for the first image of another size, and the signal's reason.
 */
export async function* decodeInOrder(
  files: readonly Pick<PictureFile, "path">[],
  target: PictureTarget,
  { like, cure = "", most, signal }: DecodeOptions = {},
): AsyncGenerator<DecodedPicture> {
  let expected = like;
  const failures: { path: string; error: unknown }[] = [];
  for (let first = 0; first < files.length; first += filesAtOnce) {
    signal?.throwIfAborted();
    const some = files.slice(first, first + filesAtOnce);
    const decoded = await Promise.allSettled(
      some.map(({ path }) => decodePicture(path, target, { most })),
    );
    for (const [i, result] of decoded.entries()) {
      const { path } = some[i];
      if (result.status === "rejected") failures.push({ path, error: result.reason });
      if (result.status === "rejected" || failures.length > 0) continue;
      const { height, width } = result.value;
      expected ??= result.value;
      if (height !== expected.height || width !== expected.width)
        throw new DatasetError(
          "BadPicture",
          `${path} has ${width}×${height} pixels; expected ${expected.width}×${expected.height}${cure}`,
        );
      yield result.value;
    }
  }
  if (failures.length > 0) throw unreadable(failures);
}

/** The first failure, with the names of the others. */
function unreadable([{ error }, ...others]: readonly { path: string; error: unknown }[]): unknown {
  if (!(error instanceof DatasetError) || others.length === 0) return error;
  const names = firstOf(
    others.map(({ path }) => path),
    6,
  );
  return new DatasetError(error.code, `${error.message}; not readable, too: ${names}`);
}

interface PictureReadOptions extends Omit<DecodeOptions, "like"> {
  like: Pick<DecodedPicture, "height" | "width">;
  /** Counts what decoding changed. */
  counts: PictureChanges;
}

/**
 * Images [n, channels, H, W] from −1 to 1.
 * @throws as `decodeInOrder`.
 */
export async function readPictures(
  files: readonly Pick<PictureFile, "path">[],
  target: PictureTarget,
  { counts, ...options }: PictureReadOptions,
): Promise<Tensor> {
  const { height, width } = options.like;
  const bytes: Uint8Array[] = [];
  for await (const picture of decodeInOrder(files, target, options)) {
    bytes.push(picture.bytes);
    counts.add(picture.changes);
  }
  const shape = [files.length, target.channels, height, width];
  return tidy(() => decodeImages(tensor(new Uint8Array(Buffer.concat(bytes)), { shape })).keep());
}

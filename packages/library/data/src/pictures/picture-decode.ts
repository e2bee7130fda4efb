import type { Sharp } from "sharp";
import { DatasetError, reason } from "../errors.js";

/** Channels and size of decoded images. */
export interface PictureTarget {
  /** 3 for colour, 1 for grey. */
  channels: 1 | 3;
  /** Height and width of all images; null: no resizing. */
  size: number | null;
}

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
}

const formats: readonly string[] = ["png", "jpeg", "webp", "heif", "tiff"];

/** The size of the upright image, from its header alone. Throws as `decodePicture`. */
async function pictureSize(path: string): Promise<{ width: number; height: number }> {
  const { default: sharp } = await import("sharp");
  try {
    const { autoOrient, format } = await sharp(path, { limitInputPixels: false }).metadata();
    if (!formats.includes(format)) throw new Error(`it is ${format}, whatever its name says`);
    return { width: autoOrient.width, height: autoOrient.height };
  } catch (error) {
    throw noPicture(path, error);
  }
}

/**
 * Decodes an image: upright, in sRGB, transparent parts on white; with a size, cropped to its
 * central square and scaled (Lanczos). Throws `BadPicture` for other files, damage, or more than
 * `most` pixels.
 */
export async function decodePicture(
  path: string,
  target: PictureTarget,
  { most = mostPixels }: { most?: number | undefined } = {},
): Promise<DecodedPicture> {
  const { default: sharp } = await import("sharp");
  const size = await pictureSize(path);
  if (size.width * size.height > most)
    throw new DatasetError(
      "BadPicture",
      `${path}: ${size.width}×${size.height} pixels: expected at most ${most} in all, more takes gigabytes to decode; scale it down first`,
    );
  try {
    const upright = sharp(path, { limitInputPixels: most })
      .autoOrient()
      .flatten({ background: "white" });
    const { data, info } = await fitTo(upright, target).raw().toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    return { bytes: toPlanes(data, channels, target.channels), height, width };
  } catch (error) {
    throw noPicture(path, error);
  }
}

const noPicture = (path: string, error: unknown) =>
  new DatasetError(
    "BadPicture",
    `${path}: not a readable image (${reason(error)}): remove it or download it again`,
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

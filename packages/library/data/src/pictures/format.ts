import { DatasetError } from "../errors.js";
import { isFolder } from "../files/read.js";
import { listPictures, type PictureFile } from "./picture-files.js";

const mostHeaders = 50;
const mostColours = 12;
const nearly = 6;

export interface PictureFormat {
  /** The smallest side, in pixels. */
  size: number;
  /** 1 if all are grey. */
  channels: 1 | 3;
}

const evenly = <T>(all: readonly T[], most: number): T[] =>
  all.filter((_, i) => i % Math.ceil(all.length / most) === 0);

/** Throws `MissingFiles`, and `BadPicture` if none can be read. */
export async function pictureFormat(folder: string): Promise<PictureFormat> {
  const files = listPictures(folder);
  if (files.length === 0)
    throw new DatasetError(
      "MissingFiles",
      `${folder}: ${isFolder(folder) ? "no images" : "no such folder"}; expected PNG, JPEG or WebP files in it or in the folders below`,
    );
  const { default: sharp } = await import("sharp");
  const some = evenly(files, mostHeaders);
  // Decoding names an unreadable image later.
  const headers = await Promise.allSettled(some.map(({ path }) => sharp(path).metadata()));
  const metadata = headers.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  if (metadata.length === 0)
    throw new DatasetError(
      "BadPicture",
      `${folder}: none of the ${some.length} inspected files is an image; expected PNG, JPEG or WebP`,
    );
  const size = Math.min(...metadata.map(({ width, height }) => Math.min(width, height)));
  if (metadata.every(({ space, channels }) => space === "b-w" || channels === 1))
    return { size, channels: 1 };
  const grey = await Promise.all(evenly(some, mostColours).map(isGrey));
  return { size, channels: grey.every(Boolean) ? 1 : 3 };
}

async function isGrey({ path }: PictureFile): Promise<boolean> {
  const { default: sharp } = await import("sharp");
  const image = sharp(path)
    .resize(64, 64, { fit: "inside", withoutEnlargement: true })
    .removeAlpha()
    .toColourspace("srgb")
    .raw();
  const decoded = await image.toBuffer({ resolveWithObject: true }).catch(() => null);
  if (decoded === null) return false;
  const { data, info } = decoded;
  if (info.channels < 3) return true;
  for (let i = 0; i + 2 < data.length; i += info.channels) {
    const colours = data.subarray(i, i + 3);
    if (Math.max(...colours) - Math.min(...colours) > nearly) return false;
  }
  return true;
}

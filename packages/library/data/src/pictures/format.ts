// Size and channels of the pictures in a folder, from some of them, before they are decoded.
import { existsSync } from "node:fs";
import { DatasetError } from "../errors.js";
import { listPictures } from "./picture-files.js";

/** Pictures that are looked at, evenly spaced in the list. */
const most = 50;

/** Of these so many are looked at closely, where they are stored with colours. */
const mostClosely = 12;
/** The most by which the colours of a grey pixel differ after compression, of 255. */
const nearly = 6;

export interface PictureFormat {
  /** The smallest side, in pixels. */
  size: number;
  /** 1 where all are grey, else 3. */
  channels: 1 | 3;
  /** How they are stored: grey pictures may have three channels. */
  stored: 1 | 3;
}

/** Whether a picture that is stored with colours shows none. */
async function isGrey(path: string): Promise<boolean> {
  const { default: sharp } = await import("sharp");
  const { data, info } = await sharp(path)
    .resize(64, 64, { fit: "inside", withoutEnlargement: true })
    .removeAlpha()
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.channels < 3) return true;
  for (let i = 0; i + 2 < data.length; i += info.channels) {
    const [r, g, b] = [data[i], data[i + 1], data[i + 2]] as [number, number, number];
    if (Math.max(r, g, b) - Math.min(r, g, b) > nearly) return false;
  }
  return true;
}

/**
 * Size and channels of some pictures of a folder. Throws `MissingFiles` where
 * there are none, and `BadPicture` where none of them can be read.
 */
export async function pictureFormat(folder: string): Promise<PictureFormat> {
  const files = listPictures(folder);
  if (files.length === 0)
    throw new DatasetError(
      "MissingFiles",
      `${folder}: ${existsSync(folder) ? "no pictures" : "no such folder"}; expected PNG, JPEG or WebP files in it or in the folders below`,
    );
  const { default: sharp } = await import("sharp");
  const stride = Math.ceil(files.length / most);
  const some = files.filter((_, i) => i % stride === 0);
  const found = await Promise.all(
    // One that cannot be read is named, or skipped, when all are decoded.
    some.map(({ path }) =>
      sharp(path)
        .metadata()
        .catch(() => null),
    ),
  );
  const whole = found.filter((meta) => meta !== null);
  if (whole.length === 0)
    throw new DatasetError(
      "BadPicture",
      `${folder}: none of ${some.length} files that were looked at is a picture; expected PNG, JPEG or WebP`,
    );
  const size = Math.min(...whole.map(({ width, height }) => Math.min(width, height)));
  const isStoredGrey = whole.every(({ space, channels }) => space === "b-w" || channels === 1);
  if (isStoredGrey) return { size, channels: 1, stored: 1 };
  const close = some.filter((_, i) => i % Math.ceil(some.length / mostClosely) === 0);
  const grey = await Promise.all(close.map(({ path }) => isGrey(path).catch(() => false)));
  return { size, channels: grey.every(Boolean) ? 1 : 3, stored: 3 };
}

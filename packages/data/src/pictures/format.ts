// Size and channels of the pictures in a folder, from some of them, before they are decoded.
import sharp from "sharp";
import { DatasetError } from "../errors.js";
import { listPictures } from "./picture-files.js";

/** Pictures that are looked at, evenly spaced in the list. */
const most = 50;

/**
 * The smallest side of some pictures of a folder, and 1 channel where all are grey, else 3. Throws `MissingFiles` where
 * there are none, and `BadPicture` where none of them can be read.
 */
export async function pictureFormat(folder: string): Promise<{ size: number; channels: 1 | 3 }> {
  const files = listPictures(folder);
  if (files.length === 0)
    throw new DatasetError(
      "MissingFiles",
      `${folder}: no pictures; expected PNG, JPEG or WebP files in it or in the folders below`,
    );
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
  return {
    size: Math.min(...whole.map(({ width, height }) => Math.min(width, height))),
    channels: whole.every(({ space, channels }) => space === "b-w" || channels === 1) ? 1 : 3,
  };
}

import { DatasetError } from "../errors.js";
import { isFolder } from "../files/read.js";
import { listPictures } from "./picture-files.js";

const mostHeaders = 50;

export interface PictureFormat {
  /** The smallest side, in pixels. */
  size: number;
  /** 1 if all are stored as grey. */
  channels: 1 | 3;
}

/** Throws `MissingFiles`, and `BadPicture` if none can be read. */
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
  const size = Math.min(...metadata.map(({ width, height }) => Math.min(width, height)));
  const isGrey = metadata.every(({ space, channels }) => space === "b-w" || channels === 1);
  return { size, channels: isGrey ? 1 : 3 };
}

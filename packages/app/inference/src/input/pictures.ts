// An image, or a folder of images, as an input.
import { basename } from "node:path";
import { ConfigError } from "@dsbm/config";
import {
  isPictureChannels,
  isPictureName,
  listPictures,
  PictureChanges,
  readPictures,
  skippedFiles,
} from "@dsbm/data";
import { pictureFolders } from "@dsbm/datasets";
import type { Input, InputOptions } from "./input.js";
import { inParts } from "./parts.js";

/**
 * Opens an image, or a folder of images sorted by name.
 * @throws {ConfigError} for a run of other samples, an empty folder, and names that differ in their endings only.
 */
export function pictureInput(path: string, options: InputOptions): Input {
  const { trained, max_pixels, batchRows } = options;
  const { shape, folder, config } = trained;
  const [channels, height, width] = shape;
  if (shape.length === 1 || !isPictureChannels(channels))
    throw new ConfigError(
      `NEW ${path} holds images of 1, 3 or 4 channels; ${folder} bridges samples [${shape.join(", ")}]: give a ${shape.length === 1 ? "table (.csv, .parquet, .npy, …), or gaussian:N" : ".npy file"}`,
    );
  const files = isPictureName(path) ? [{ name: basename(path), path }] : listPictures(path);
  if (files.length === 0)
    throw new ConfigError(
      `${path} holds no images (.png, .jpg, .webp, .avif, .tif, .gif): give a folder with images`,
    );
  const names = files.map(({ name }) => name.replace(/\.[^.]*$/, ""));
  if (new Set(names).size < names.length)
    throw new ConfigError(
      `${path} holds images whose names differ in their endings only, and so would not in the output: rename them`,
    );
  // A run of folders scaled its own images.
  const resize = options.resize ?? pictureFolders(config).length > 0;
  const { background } = config.data;
  const target = { channels, size: resize ? height : null, background } as const;
  const counts = new PictureChanges();
  return {
    n: files.length,
    about: [`${path}, ${files.length} images`, ...skippedFiles(path)].join("; "),
    names,
    batches: inParts(files.length, batchRows, (first, count) =>
      readPictures(files.slice(first, first + count), target, {
        counts,
        like: { height, width },
        most: max_pixels,
        cure: ": write resize=true to take its middle square and scale it",
      }),
    ),
    notes: () => counts.notes(background).map((note) => `${path}: ${note}`),
    [Symbol.dispose]() {},
  };
}

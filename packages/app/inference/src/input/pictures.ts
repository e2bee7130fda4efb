import { basename } from "node:path";
import { decodeImages } from "@dsbm/bridge";
import { ConfigError } from "@dsbm/config";
import { type DecodedPicture, decodePicture, listPictures, pictureSize } from "@dsbm/data";
import { pictureFolders } from "@dsbm/problem";
import { tensor, tidy } from "@dsbm/torch";
import type { Input, InputOptions } from "./input.js";

const together = 4;

export const isPicture = (path: string): boolean => /\.(png|jpe?g|webp|avif|tiff?)$/i.test(path);

/** Opens an image, or a folder of images sorted by name. */
export function pictureInput(path: string, options: InputOptions): Input {
  const { trained } = options;
  // A run of folders scaled its own images.
  const resize = options.resize ?? pictureFolders(trained.config).length > 0;
  const [channels, height] = trained.shape;
  const what = isPicture(path) ? "an image" : "a folder of images";
  if (trained.shape.length === 1)
    throw new ConfigError(
      "usage",
      `NEW ${path} is ${what}, but ${trained.folder} bridges vectors: give a table (.csv, .parquet, .npy, …) of ${channels} columns, or gaussian:N`,
    );
  if (channels !== 1 && channels !== 3)
    throw new ConfigError(
      "usage",
      `NEW ${path} is ${what}, with 1 or 3 channels; ${trained.folder} has ${channels}: give a .npy file`,
    );
  const files = isPicture(path) ? [{ name: basename(path), path }] : listPictures(path);
  if (files.length === 0)
    throw new ConfigError(
      "usage",
      `${path} holds no images (.png, .jpg, .webp, .avif, .tif): give a folder with images`,
    );
  const names = files.map(({ name }) => name.replace(/\.[^.]*$/, ""));
  const places = new Map<string, number>();
  for (const [i, name] of names.entries()) {
    const other = places.get(name);
    if (other !== undefined)
      throw new ConfigError(
        "usage",
        `${files[other]?.path} and ${files[i]?.path} differ in their endings only, and so would not in the output: rename one`,
      );
    places.set(name, i);
  }
  const target = { channels, size: resize ? (height as number) : null } as const;
  return {
    n: files.length,
    about: isPicture(path) ? `${path}, an image` : `${path}, ${files.length} images`,
    names,
    async read(first, count) {
      const pictures: DecodedPicture[] = [];
      for (let at = first; at < first + count; at += together) {
        const some = files.slice(at, Math.min(at + together, first + count));
        pictures.push(...(await inOrder(some.map((file) => decoded(file.path, target, options)))));
      }
      return tidy(() => {
        const bytes = Buffer.concat(pictures.map((p) => p.bytes));
        const shape = [count, ...trained.shape];
        return { x: decodeImages(tensor(new Uint8Array(bytes), { shape })).keep() };
      });
    },
    [Symbol.dispose]() {},
  };
}

async function decoded(
  path: string,
  target: { channels: 1 | 3; size: number | null },
  { trained, max_pixels }: InputOptions,
): Promise<DecodedPicture> {
  const [, height, width] = trained.shape;
  const size = await pictureSize(path);
  if (target.size === null && (size.width !== width || size.height !== height))
    throw new ConfigError(
      "usage",
      `${path} has ${size.width}×${size.height} pixels; expected ${width}×${height}: write resize=true to take its middle square and scale it`,
    );
  if (size.width * size.height > max_pixels)
    throw new ConfigError(
      "usage",
      `${path} has ${size.width}×${size.height} pixels, more than max_pixels=${max_pixels}: each pixel takes some bytes while it is scaled; scale it down first, or raise max_pixels`,
    );
  return decodePicture(path, target, { most: max_pixels });
}

async function inOrder(decoding: Promise<DecodedPicture>[]): Promise<DecodedPicture[]> {
  const outcomes = await Promise.allSettled(decoding);
  return outcomes.map((outcome) => {
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  });
}

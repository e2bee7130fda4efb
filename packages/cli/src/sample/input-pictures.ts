// Samples that are the pictures of a folder, decoded a batch at a time.
import { decodeImages } from "@dsbm/bridge";
import { type DecodedPicture, decodePicture, listPictures } from "@dsbm/data";
import { tensor, tidy } from "@dsbm/torch";
import { UsageError } from "../terminal/errors.js";
import type { Input, InputOptions } from "./input.js";

/** Opens a folder; its pictures are sorted by name. */
export function pictureInput(folder: string, { trained, resize }: InputOptions): Input {
  const [channels, height, width] = trained.shape;
  if (trained.shape.length === 1)
    throw new UsageError(
      `INPUT ${folder} is a folder of pictures, but ${trained.folder} bridges vectors: give a .npy file [n, ${channels}], or gaussian:N`,
    );
  if (channels !== 1 && channels !== 3)
    throw new UsageError(
      `INPUT ${folder} is a folder of pictures, which have 1 or 3 channels; ${trained.folder} has ${channels}: give a .npy file`,
    );
  const files = listPictures(folder);
  if (files.length === 0)
    throw new UsageError(
      `there are no pictures in ${folder} (.png, .jpg, .webp, .avif, .tif): give a folder with some`,
    );
  const names = files.map(({ name }) => name.replace(/\.[^.]*$/, ""));
  const twice = names.findIndex((name, i) => names.indexOf(name) < i);
  if (twice >= 0)
    throw new UsageError(
      `${files[names.indexOf(names[twice] as string)]?.path} and ${files[twice]?.path} differ in their endings only, and so would not in the output: rename one`,
    );
  const target = { channels, size: resize ? (height as number) : null } as const;
  return {
    n: files.length,
    about: `${folder}, ${files.length} pictures`,
    names,
    read: async (first, count) => {
      const some = files.slice(first, first + count);
      const pictures = await inOrder(some.map(({ path }) => decodePicture(path, target)));
      for (const [i, picture] of pictures.entries())
        if (picture.width !== width || picture.height !== height)
          throw new UsageError(
            `${some[i]?.path} has ${picture.width}×${picture.height} pixels; expected ${width}×${height}: write resize=true to take its middle square and scale it`,
          );
      return tidy(() => {
        const bytes = Buffer.concat(pictures.map((p) => p.bytes));
        const shape = [count, ...trained.shape];
        return decodeImages(tensor(new Uint8Array(bytes), { shape })).keep();
      });
    },
  };
}

/** All of them, or the first failure in their order. */
async function inOrder(decoding: Promise<DecodedPicture>[]): Promise<DecodedPicture[]> {
  const outcomes = await Promise.allSettled(decoding);
  return outcomes.map((outcome) => {
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  });
}

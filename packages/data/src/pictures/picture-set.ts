// Folders of pictures as data sets: decoded once into an array, which is then mapped.
import { basename, join } from "node:path";
import { full, io, tidy } from "@dsbm/torch";
import { rowCount } from "../counts.js";
import type { DataSet, Preparation, SetOptions } from "../data-set.js";
import { DatasetError, invalidOption } from "../errors.js";
import { status } from "../files/read.js";
import { isWhole, sealOf } from "../files/seal.js";
import { type ImageClass, newTable, type Table } from "../table.js";
import { decodeAll } from "./picture-cache.js";
import type { PictureTarget } from "./picture-decode.js";
import { fingerprint, type PictureFile } from "./picture-files.js";

/** The files of one split, found. */
export interface FoundPictures {
  /** Where they are, for logs. */
  source: string;
  files: readonly PictureFile[];
  /** The files of the folder that they are of, where they are a part of them. */
  all?: readonly PictureFile[];
  /** The folder to keep decoded pictures in, unless another is named. */
  cache: string;
}

export interface PictureSetFacts {
  about: string;
  /** The class of all pictures; null without classes. */
  label: ImageClass | null;
  /** Height and width as published, if known. */
  published?: number;
  /** Throws `DatasetError` `MissingFiles` where a split has no pictures. */
  find(options: SetOptions): FoundPictures;
}

/** A data set of picture files. */
export function pictureSet({ about, label, published, find }: PictureSetFacts): DataSet {
  return { about, classes: label === null ? [] : [label], prepare, load };

  async function prepare(options: SetOptions & Preparation): Promise<void> {
    const { name, split, progress, say, signal } = options;
    const { files, target, path } = place(options);
    if (status(path) !== undefined) {
      if (await isWhole(sealOf(path), signal)) return;
      say?.(`${path} does not match ${basename(sealOf(path))}: the pictures are decoded again`);
    }
    const total = files.length;
    await decodeAll(files, path, {
      target,
      ...(published && target.size === null && { expected: [published, published] }),
      ...{ signal, progress: (done) => progress?.({ name, split, done, total }) },
    });
  }

  function load(options: SetOptions): Table {
    const { name, split, n } = options;
    const { files, all = files, path, source } = place(options);
    const count = rowCount(n, files.length, { name, split });
    if (status(path) === undefined)
      throw new DatasetError(
        "NotPrepared",
        `${name} (${split}): the ${files.length} pictures of ${source} are not decoded yet: await prepareTable with the same options first`,
      );
    return newTable({
      name,
      split,
      source,
      ...tidy(() => ({
        x: io.mapNpy(path).narrow(0, 0, count),
        labels: label === null ? null : full([count], label.label, { dtype: "int64" }),
      })),
      classes: label === null ? [] : [label],
      origin() {
        const places = new Map(all.map(({ name }, row) => [name, row]));
        const rows = files.slice(0, count).map((file) => places.get(file.name) as number);
        const names = all.map((file) => file.name);
        return { rows: Int32Array.from(rows), total: all.length, names };
      },
    });
  }

  /** The files, and the path of their decoded array. */
  function place(options: SetOptions) {
    const target = targetOf(options);
    const found = find(options);
    const folder = options.cache ?? found.cache;
    const shown = options.name.replace(/^.*[/\\]/, "").replace(/[^\w.-]+/g, "-") || "pictures";
    const file = `${shown}-${options.split}-${fingerprint(found.files, target)}.npy`;
    return { ...found, target, path: join(folder, file) };
  }
}

function targetOf({ name, channels = 3, image_size }: SetOptions): PictureTarget {
  if (channels !== 1 && channels !== 3)
    throw invalidOption(
      `channels ${channels}: the pictures of ${name} have 3 for colour or 1 for grey`,
    );
  if (image_size !== undefined && !(Number.isInteger(image_size) && image_size > 0))
    throw invalidOption(`image_size ${image_size}: expected pixels, 1 or more`);
  return { channels, size: image_size ?? null };
}

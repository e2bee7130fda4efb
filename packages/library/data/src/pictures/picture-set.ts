import { join } from "node:path";
import { full, io, tensor, tidy } from "@dsbm/torch";
import { rowCount } from "../counts.js";
import type { DataSet, Preparation, SetOptions } from "../data-set.js";
import { invalidOption } from "../errors.js";
import { checkPrepared, prepareFolder } from "../files/prepared.js";
import { type ImageClass, newTable, type Table } from "../table.js";
import { decodeAll } from "./decode-all.js";
import type { PictureTarget } from "./picture-decode.js";
import { fingerprint, type PictureFile } from "./picture-files.js";

export interface SplitPictures {
  source: string;
  files: readonly PictureFile[];
  /** All files of the folder, if the split is a part. */
  all?: readonly PictureFile[];
  /** Folder for decoded images. */
  cache: string;
}

export interface PictureSetFacts {
  about: string;
  /** The class of all images; null without classes. */
  label: ImageClass | null;
  /** Throws `MissingFiles`. */
  find(options: SetOptions): SplitPictures;
}

export function pictureSet({ about, label, find }: PictureSetFacts): DataSet {
  const classes = label === null ? [] : [label];
  return { about, classes, prepare, load };

  async function prepare(options: SetOptions & Preparation): Promise<void> {
    const { name, split, progress, signal } = options;
    const { files, target, folder } = locate(options);
    await prepareFolder(folder, (temporary) =>
      decodeAll(files, join(temporary, "pictures.npy"), {
        target,
        progress: (done) => progress?.({ name, split, done, total: files.length }),
        signal,
      }),
    );
  }

  function load(options: SetOptions): Table {
    const { name, split, n } = options;
    const { files, all = files, folder, source } = locate(options);
    const count = rowCount(n, files.length, { name, split });
    checkPrepared(folder, `${name} (${split})`);
    const names = all.map((file) => file.name);
    const places = new Map(names.map((file, row) => [file, row]));
    const rows = files.slice(0, count).map((file) => places.get(file.name)!);
    return newTable({
      name,
      split,
      source,
      classes,
      ...tidy(() => ({
        x: io.mapNpy(join(folder, "pictures.npy")).narrow(0, 0, count),
        labels: label === null ? null : full([count], label.label, { dtype: "int64" }),
        origin: { rows: tensor(rows), total: all.length, names },
      })),
    });
  }

  function locate(options: SetOptions) {
    const target = targetOf(options);
    const pictures = find(options);
    const base = options.name.replace(/^.*[/\\]/, "").replace(/[^\w.-]+/g, "-") || "pictures";
    const name = `${base}-${options.split}-${fingerprint(pictures.files, target)}`;
    return { ...pictures, target, folder: join(pictures.cache, name) };
  }
}

function targetOf({ name, channels = 3, image_size }: SetOptions): PictureTarget {
  if (channels !== 1 && channels !== 3)
    throw invalidOption(
      `channels ${channels}: the images of ${name} have 3 for colour or 1 for grey`,
    );
  return { channels, size: image_size ?? null };
}

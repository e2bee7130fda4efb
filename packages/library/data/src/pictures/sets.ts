// Datasets of image files: the images of a folder, and AFHQ.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { writeFileAtomic } from "@dsbm/files";
import { full, io, tensor, tidy } from "@dsbm/torch";
import {
  type DataSet,
  defaultFraction,
  type ImageClass,
  newTable,
  type Preparation,
  rowCount,
  type SetOptions,
  type Table,
} from "../data-set.js";
import { DatasetError, invalidOption } from "../errors.js";
import { checkPrepared, isFolder, missingFiles, placesIn, prepareFolder } from "../files/read.js";
import { decodeAll, isPictureChannels, type PictureTarget } from "./decode.js";
import { PictureChanges } from "./picture-changes.js";
import {
  fingerprint,
  holdOut,
  listPictures,
  type PictureFile,
  skippedFiles,
} from "./picture-files.js";

const testFolders = ["test", "val", "valid"];

const endings = "(.png, .jpg, .webp, .avif, .tif, .gif)";

/**
 * All images below a folder, without labels. Images below "train" and "test" (or "val", "valid")
 * are the splits; else a share of the images, chosen by name, is the test split.
 */
export const folderSet = (path: string): DataSet =>
  pictureSet({
    about: "the images of a folder",
    label: null,
    find: (options) => inFolder(path, options),
  });

function inFolder(path: string, options: SetOptions): SplitPictures {
  const { name, split, directory, test_fraction = defaultFraction } = options;
  const missing = (problem: string) =>
    new DatasetError("MissingFiles", `${name} (${split}): ${problem} ${endings}`);
  const folder = resolve(path);
  if (path === "" || !isFolder(path))
    throw missing(`no folder ${folder}; write folder:PATH with the path of an image folder`);
  const cache = join(directory ?? dirname(folder), "decoded");
  const train = join(path, "train");
  const test = testFolders
    .map((part) => join(path, part))
    .find((part) => listPictures(part).length > 0);
  if (test !== undefined && listPictures(train).length > 0) {
    const source = split === "train" ? train : test;
    return { source, files: listPictures(source), cache };
  }
  const all = listPictures(path);
  if (all.length < 2)
    throw missing(
      `${all.length} images in ${folder}: expected two or more, for training and testing`,
    );
  return { source: path, files: holdOut(all, test_fraction)[split], all, cache };
}

const home = "https://github.com/clovaai/stargan-v2";
const animalKinds = ["cat", "dog", "wild"] as const;
const splits = { train: ["train"], test: ["test", "val"] } as const;
const folders = ["afhq", "afhq_v2", "afhqv2", "AFHQ"] as const;

/** Faces of one kind of animal (Choi et al. 2020): about 5,000 and 500 images. */
export function afhq(kind: (typeof animalKinds)[number]): DataSet {
  const label = animalKinds.indexOf(kind);
  const animals = kind === "wild" ? "wild animals" : `${kind}s`;
  return pictureSet({
    about: `faces of ${animals}, 512×512 in colour, label ${label}`,
    label: { label, name: kind },
    find: (options) => ofAnimal(kind, options),
  });
}

function ofAnimal(kind: string, options: SetOptions): SplitPictures {
  const { split, directory } = options;
  const places = placesIn(options, folders).flatMap((folder) =>
    splits[split].map((part) => join(folder, part, kind)),
  );
  for (const source of places) {
    const files = listPictures(source);
    if (files.length > 0) return { source, files, cache: join(directory!, "decoded") };
  }
  throw missingFiles(`AFHQ ${kind} (${split})`, {
    places,
    cure: `download afhq.zip from ${home} and unpack its ${splits[split].join(" or ")}/${kind}`,
  });
}

interface SplitPictures {
  source: string;
  files: readonly PictureFile[];
  /** All files of the folder, if the split is a part. */
  all?: readonly PictureFile[];
  /** Folder for decoded images. */
  cache: string;
}

const changesFile = "changes.json";

interface PictureSetFacts {
  about: string;
  /** The class of all images; null without classes. */
  label: ImageClass | null;
  /** @throws {DatasetError} `MissingFiles` */
  find(options: SetOptions): SplitPictures;
}

function pictureSet({ about, label, find }: PictureSetFacts): DataSet {
  const classes = label ? [label] : [];
  return { about, classes, prepare, load };

  async function prepare(options: SetOptions & Preparation): Promise<void> {
    const { name, split, progress, signal } = options;
    const { files, target, folder } = locate(options);
    await prepareFolder(
      folder,
      async (temporary) => {
        const { counts } = await decodeAll(files, join(temporary, "pictures.npy"), {
          target,
          progress: (done) => progress?.({ name, split, done, total: files.length }),
          signal,
        });
        writeFileAtomic(join(temporary, changesFile), JSON.stringify(counts));
      },
      { check: options.checkFolder },
    );
  }

  function load(options: SetOptions): Table {
    const { name, split, n } = options;
    const { files, all = files, folder, source, target } = locate(options);
    const count = rowCount(n, files.length, { name, split });
    checkPrepared(folder, `${name} (${split})`);
    const names = all.map((file) => file.name);
    const places = new Map(names.map((file, row) => [file, row]));
    const rows = files.slice(0, count).map((file) => places.get(file.name)!);
    return newTable({
      name,
      split,
      source,
      notes: [...skippedFiles(source), ...readChanges(folder).notes(target.background)],
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

/** Folders that older versions decoded lack the file. */
function readChanges(folder: string): PictureChanges {
  const path = join(folder, changesFile);
  return new PictureChanges(existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {});
}

function targetOf({ name, channels = 3, image_size, background }: SetOptions): PictureTarget {
  if (!isPictureChannels(channels))
    throw invalidOption(
      `channels ${channels}: the images of ${name} have 1 for grey, 3 for colour, or 4 for colour and transparency`,
    );
  // The usual background is not in the name of a folder that older versions decoded.
  const isUsual = background === undefined || background === "white";
  return { channels, size: image_size ?? null, ...(isUsual ? {} : { background }) };
}

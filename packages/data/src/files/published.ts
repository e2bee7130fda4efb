// Facts of a data set that is published as IDX files, where its files are, under any of the names that unpacking programs
// give them, and the error that says how to get them.
import { join } from "node:path";
import { DatasetError } from "../errors.js";
import type { ImageClass, Split } from "../table.js";
import { readMembers } from "./archive.js";
import { isFile, readBytes } from "./read.js";

/** A published file, unpacked: its name, size in bytes, and digests where they are known. */
export interface PublishedFile {
  name: string;
  size: number;
  md5?: string;
  sha256?: string;
}

/** A data set of grey images in IDX files. */
export interface PublishedSet {
  /** The name in messages. */
  title: string;
  /** The page that says where the files are. */
  home: string;
  files: Readonly<Record<Split, { images: PublishedFile; labels: PublishedFile }>>;
  /** An archive in which the files are published, with names under which it is found. */
  archive?: Required<Omit<PublishedFile, "name">> & { names: readonly [string, ...string[]] };
  /** A package that installs the files: their folder, undefined if it is not installed, and "install …". */
  package?: { folder: () => string | undefined; install: string };
  /** Folders below the data folder to search, the recommended one first. */
  folders: readonly [string, ...string[]];
  /** By rising label. */
  classes: readonly ImageClass[];
  /** Whether images are stored with rows and columns exchanged. */
  transposed?: boolean;
}

/** The file as a message lists it: "name (size, digests)". */
export function describeFile(
  { name, size, md5, sha256 }: PublishedFile,
  { unpacked = true }: { unpacked?: boolean } = {},
): string {
  const facts = [`${size} bytes`, md5 && `md5 ${md5}`, sha256 && `sha256 ${sha256}`];
  return `${name} (${unpacked ? "unpacked " : ""}${facts.filter(Boolean).join(", ")})`;
}

/** Folders to search for files: these below the data folder, then the data folder; none without a data folder. */
export const placesIn = (directory: string | undefined, own: readonly string[]): string[] =>
  directory === undefined ? [] : [...own.map((folder) => join(directory, folder)), directory];

/** For an error: the places where something was not found. */
export const notIn = (tried: readonly string[], what = "not"): string =>
  tried.length === 0 ? `${what} there` : `${what} in ${tried.join(", ")}`;

/** For an error: where to put files if there is no data folder. */
export const ownFolder = "a folder of your own and name it as directory";

/** The two files of one split: names for messages, and their bytes. */
export interface Place {
  /** The folder or archive. */
  source: string;
  images: string;
  labels: string;
  read: () => { images: Uint8Array; labels: Uint8Array };
}

/**
 * The first of the folders that holds a split's files, or the archive with them; undefined where none does.
 *
 * Throws `DatasetError`: `MissingFiles` where a folder has one of the two files only, `Unreadable` for a
 * folder without permission.
 */
export function locate(
  set: PublishedSet,
  split: Split,
  folders: readonly string[],
): Place | undefined {
  const files = set.files[split];
  for (const folder of folders) {
    const [images, labels] = [find(folder, files.images), find(folder, files.labels)];
    if (images !== undefined && labels !== undefined) {
      const read = () => ({ images: readBytes(images), labels: readBytes(labels) });
      return { source: folder, images, labels, read };
    }
    if (images !== undefined || labels !== undefined) {
      const lacking = images === undefined ? files.images : files.labels;
      throw missingFiles(set, split, { target: folder, lacking: [lacking] });
    }
    const archive = set.archive?.names.map((name) => join(folder, name)).find(isFile);
    if (archive !== undefined) return inArchive(archive, files);
  }
  return undefined;
}

/** The error that says which files a split has, how to check them, and where to put them. */
export function missingFiles(
  set: PublishedSet,
  split: Split,
  {
    target,
    lacking = Object.values(set.files[split]),
    tried = target === undefined ? [] : [target],
  }: { target?: string; lacking?: readonly PublishedFile[]; tried?: readonly string[] },
): DatasetError {
  const all = lacking.length === Object.keys(set.files[split]).length;
  const what = all ? "not" : `no ${lacking.map(({ name }) => name).join(" and ")}`;
  const list = lacking.map((file) => describeFile(file)).join(" and ");
  const install = set.package === undefined ? "" : `${set.package.install}, or `;
  const download =
    set.archive === undefined
      ? `download ${list} from ${set.home} and put them, unpacked or as .gz,`
      : `download ${describeFile({ name: set.archive.names[0], ...set.archive }, { unpacked: false })} ` +
        `from ${set.home} and put it, or ${list} out of it, unpacked or as .gz,`;
  return new DatasetError(
    "MissingFiles",
    `${set.title} (${split}): ${notIn(tried, what)}; ${install}${download} into ${target ?? ownFolder}`,
  );
}

/** A published file in a folder: under its name, with .gz, or with the dot of another unpacker. */
function find(folder: string, { name }: PublishedFile): string | undefined {
  const dotted = name.replace("-idx", ".idx");
  return [name, `${name}.gz`, dotted, `${dotted}.gz`]
    .map((candidate) => join(folder, candidate))
    .find(isFile);
}

function inArchive(path: string, files: PublishedSet["files"][Split]): Place {
  const [images, labels] = [files.images.name, files.labels.name];
  return {
    source: path,
    images: `${path}: ${images}`,
    labels: `${path}: ${labels}`,
    read: () => {
      const members = readMembers(path, [images, labels]);
      return { images: members.get(images)!, labels: members.get(labels)! };
    },
  };
}

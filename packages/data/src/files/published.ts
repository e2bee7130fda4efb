// What is known of a data set that others publish as IDX files: facts, so that finding them, checking them and
// saying how to get them are written once.
import type { ImageClass, Split } from "../table.js";

/** A published file, unpacked: its name, size in bytes, and digests where they are known. */
export interface PublishedFile {
  name: string;
  size: number;
  md5?: string;
  sha256?: string;
}

/** An archive in which the files are published, with names under which it is found. */
interface PublishedArchive {
  names: readonly [string, ...string[]];
  size: number;
  md5: string;
  sha256: string;
}

/** A package that brings the files. */
interface PublishedPackage {
  /** The folder where it puts them; undefined where it is known not to be installed. */
  folder: () => string | undefined;
  /** What to do to have it: "install …". */
  install: string;
}

/** A data set of grey images in IDX files. */
export interface PublishedSet {
  /** The name for people. */
  title: string;
  /** The page that says where the files are. */
  home: string;
  files: Readonly<Record<Split, { images: PublishedFile; labels: PublishedFile }>>;
  archive?: PublishedArchive;
  package?: PublishedPackage;
  /** Folders below the data folder where the files may lie, the one to recommend first. */
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

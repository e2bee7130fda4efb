// Facts of a data set that is published as IDX files: with them, one loader finds the files, checks them, and says how
// to get them.
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

/** A package that installs the files. */
interface PublishedPackage {
  /** Their folder; undefined if the package is not installed. */
  folder: () => string | undefined;
  /** How to get it: "install …". */
  install: string;
}

/** A data set of grey images in IDX files. */
export interface PublishedSet {
  /** The name in messages. */
  title: string;
  /** The page that says where the files are. */
  home: string;
  files: Readonly<Record<Split, { images: PublishedFile; labels: PublishedFile }>>;
  archive?: PublishedArchive;
  package?: PublishedPackage;
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

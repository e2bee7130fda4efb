// The pictures of a folder: which they are, which of them are held out, and a name for all of them that changes
// when one of them does.
import { createHash } from "node:crypto";
import { readdirSync, type Stats } from "node:fs";
import { join } from "node:path";
import { DatasetError } from "../errors.js";
import { reason } from "../files/idx.js";
import { status } from "../files/locate.js";

/** A file of a folder: its path below it, with "/", and the whole path. */
export interface PictureFile {
  name: string;
  path: string;
}

/** What the decoder reads, by the names that such files have. */
const picture = /\.(png|jpe?g|webp|avif|tiff?)$/i;

/**
 * The pictures in a folder and in those below it, sorted by name; none where the folder is not there. Hidden
 * names, whose first letter is a dot, and linked folders are left out. Throws `DatasetError` `Unreadable`.
 */
export function listPictures(folder: string, below = ""): PictureFile[] {
  if (!(status(folder)?.isDirectory() ?? false)) return [];
  const files = entriesOf(folder).flatMap((entry): PictureFile[] => {
    if (entry.name.startsWith(".")) return [];
    const [name, path] = [below + entry.name, join(folder, entry.name)];
    if (entry.isDirectory()) return listPictures(path, `${name}/`);
    const file = entry.isFile() || (entry.isSymbolicLink() && (status(path)?.isFile() ?? false));
    return file && picture.test(entry.name) ? [{ name, path }] : [];
  });
  return below === "" ? files.sort(byName) : files;
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    throw new DatasetError("Unreadable", `${folder}: ${reason(error)}`);
  }
}

/** The order of code units, which is the same in every language. */
const byName = (a: PictureFile, b: PictureFile) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/**
 * Holds out a part of the pictures: those whose names have the lowest digests, at least one and not all, so that
 * the choice depends on names alone and hardly changes as pictures are added.
 */
export function holdOut(
  files: readonly PictureFile[],
  fraction: number,
): { train: PictureFile[]; test: PictureFile[] } {
  const count = Math.min(Math.max(Math.round(fraction * files.length), 1), files.length - 1);
  const digest = ({ name }: PictureFile) => createHash("sha256").update(name).digest("hex");
  const ranked = files.map((file) => ({ file, digest: digest(file) }));
  ranked.sort((a, b) => (a.digest < b.digest ? -1 : 1));
  const held = new Set(ranked.slice(0, count).map(({ file }) => file));
  return {
    train: files.filter((file) => !held.has(file)),
    test: files.filter((file) => held.has(file)),
  };
}

/** Sixteen hexadecimal digits of the files' names, sizes and times, and of what they are decoded to. */
export function fingerprint(files: readonly PictureFile[], target: object): string {
  const hash = createHash("sha256").update(JSON.stringify(target));
  for (const { name, path } of files) {
    const { size, mtimeMs } = status(path) ?? ({ size: -1, mtimeMs: -1 } satisfies Partial<Stats>);
    hash.update(JSON.stringify([name, size, mtimeMs]));
  }
  return hash.digest("hex").slice(0, 16);
}

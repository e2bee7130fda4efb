// The pictures of a folder: their list, their split into training and test, and a fingerprint that changes when one of
// them does.
import { createHash } from "node:crypto";
import { readdirSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { testCount } from "../counts.js";
import { attempt, isFolder, status } from "../files/read.js";

/** A file of a folder: its path below it, with "/", and the whole path. */
export interface PictureFile {
  name: string;
  path: string;
}

/** Names of files that the decoder reads. */
const picture = /\.(png|jpe?g|webp|avif|tiff?)$/i;

/**
 * The pictures in a folder and in those below it, sorted by name; none if there is no such folder. Hidden names (with
 * a dot first) and linked folders are left out. Throws `DatasetError` `Unreadable`.
 */
export function listPictures(folder: string, below = ""): PictureFile[] {
  if (!isFolder(folder)) return [];
  const entries = attempt(folder, () => readdirSync(folder, { withFileTypes: true }));
  const files = entries.flatMap((entry): PictureFile[] => {
    if (entry.name.startsWith(".")) return [];
    const [name, path] = [below + entry.name, join(folder, entry.name)];
    if (entry.isDirectory()) return listPictures(path, `${name}/`);
    const file = entry.isFile() || (entry.isSymbolicLink() && linksToFile(path));
    return file && picture.test(entry.name) ? [{ name, path }] : [];
  });
  return below === "" ? files.sort(byName) : files;
}

/** A link that leads nowhere, or to itself, leads to no file. */
function linksToFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    return false;
  }
}

/** The order of code units, the same in every locale. */
const byName = (a: PictureFile, b: PictureFile) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/**
 * Splits the pictures: those whose names have the lowest digests are for testing, at least one and not all. The choice
 * depends on the names only, and changes little when pictures are added.
 */
export function holdOut(
  files: readonly PictureFile[],
  fraction: number,
): { train: PictureFile[]; test: PictureFile[] } {
  const digest = ({ name }: PictureFile) => createHash("sha256").update(name).digest("hex");
  const ranked = files.map((file) => ({ file, digest: digest(file) }));
  ranked.sort((a, b) => (a.digest < b.digest ? -1 : 1));
  const held = new Set(ranked.slice(0, testCount(fraction, files.length)).map(({ file }) => file));
  return {
    train: files.filter((file) => !held.has(file)),
    test: files.filter((file) => held.has(file)),
  };
}

/** A digest of 16 hexadecimal digits of the files' names, sizes and times, and of the target format. */
export function fingerprint(files: readonly PictureFile[], target: object): string {
  const hash = createHash("sha256").update(JSON.stringify(target));
  for (const { name, path } of files) {
    const { size, mtimeMs } = status(path) ?? ({ size: -1, mtimeMs: -1 } satisfies Partial<Stats>);
    hash.update(JSON.stringify([name, size, mtimeMs]));
  }
  return hash.digest("hex").slice(0, 16);
}

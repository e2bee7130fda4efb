import { readdirSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { errnoOf, firstOf, sha256 } from "@dsbm/files";
import { testCount } from "../data-set.js";
import { attempt, isFolder, statOrUndefined } from "../files/read.js";

/** The path relative to the folder, with "/", and the whole path. */
export interface PictureFile {
  name: string;
  path: string;
}

const pictureName = /\.(png|jpe?g|webp|avif|tiff?|gif)$/i;

/** Whether a file has the ending of an image that can be read; of an animation the first image is. */
export const isPictureName = (path: string): boolean => pictureName.test(path);

/**
 * The images in a folder and below it, sorted by name; [] without such a folder. Skips hidden names and linked folders.
 * @throws {DatasetError} `Unreadable`
 */
export const listPictures = (folder: string): PictureFile[] =>
  listFiles(folder).filter(({ name }) => isPictureName(name));

/**
 * A note that counts the other files of a folder by their endings, such as .bmp; [] without any.
 * @throws {DatasetError} `Unreadable`
 */
export function skippedFiles(folder: string): string[] {
  const others = listFiles(folder).filter(({ name }) => !isPictureName(name));
  const counts = new Map<string, number>();
  for (const { name } of others) {
    const ending = extname(name).toLowerCase() || "no ending";
    counts.set(ending, (counts.get(ending) ?? 0) + 1);
  }
  const list = Array.from(counts, ([ending, count]) => `${count} ${ending}`);
  return others.length === 0 ? [] : [`skipped ${firstOf(list, 6)}`];
}

/** All files in a folder and below it, sorted by name. */
function listFiles(folder: string, below = ""): PictureFile[] {
  if (!isFolder(folder)) return [];
  const entries = attempt(folder, () => readdirSync(folder, { withFileTypes: true }));
  const files = entries.flatMap((entry): PictureFile[] => {
    if (entry.name.startsWith(".")) return [];
    const name = below + entry.name;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return listFiles(path, `${name}/`);
    const isFile = entry.isFile() || (entry.isSymbolicLink() && leadsToFile(path));
    return isFile ? [{ name, path }] : [];
  });
  return below === "" ? files.sort((a, b) => (a.name < b.name ? -1 : 1)) : files;
}

function leadsToFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

/**
 * Images whose names have the lowest digests are test samples: the choice changes little when
 * images are added.
 */
export function holdOut(
  files: readonly PictureFile[],
  fraction: number,
): { train: PictureFile[]; test: PictureFile[] } {
  const digests = files.map(({ name }) => sha256(name)).sort();
  const bound = digests[testCount(fraction, files.length)];
  const isHeld = ({ name }: PictureFile) => sha256(name) < bound;
  return { train: files.filter((file) => !isHeld(file)), test: files.filter(isHeld) };
}

/**
 * Changes with names, sizes and times of the files, and with the target format. The system alone
 * sets ctime: an older mtime does not hide a change.
 */
export function fingerprint(files: readonly PictureFile[], target: object): string {
  const facts = files.map(({ name, path }) => {
    const stats = statOrUndefined(path);
    return [name, stats?.size, stats?.mtimeMs, stats?.ctimeMs];
  });
  return sha256(JSON.stringify([target, facts])).slice(0, 16);
}

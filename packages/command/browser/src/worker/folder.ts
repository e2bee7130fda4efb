// The run folder in memory: files from the page, and changed files for the page.
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { FitFile, FitSource } from "@dsbm/web/fit";
import { zipSync } from "fflate";
import { write } from "./write.js";

/** Files of a working process, of which no later page has any use. */
const passing = /^(\.lock|cache\/|previous\/)|(^|\/)\.tmp-/;

/** Writes files of an earlier page into a run folder. */
export function restoreFiles(folder: string, files: readonly FitFile[]): void {
  for (const [path, bytes] of files) if (bytes) write(join(folder, path), bytes);
}

/** A file name without folders and signs that the command line reads. */
const plainName = (name: string): string =>
  name.replaceAll(/[/\\\p{Cc}=]/gu, "_").replace(/^[.-]+/, "") || "data.csv";

/** A text that names files as the user does: not by their place in the worker. */
export const withUserNames = (text: string): string =>
  text.replaceAll(/[\p{L}\p{N}_.-]+\/inputs\/(?=\S)/gu, "");

/**
 * Data of one end for the library: files and texts become files of the run folder, named by their path; rows stay.
 */
export async function placeSource(
  folder: string,
  source: FitSource,
  end: string,
): Promise<string | Exclude<FitSource, string | File>> {
  if (typeof source !== "string" && !(source instanceof File)) return source;
  const name = typeof source === "string" ? `${end}.csv` : plainName(source.name);
  const path = join(folder, "inputs", name);
  write(path, typeof source === "string" ? source : new Uint8Array(await source.arrayBuffer()));
  return path;
}

/** The files of a run folder that a later page or a download needs, as paths from it. */
function filesIn(folder: string): string[] {
  const walk = (at: string): string[] =>
    readdirSync(join(folder, at), { withFileTypes: true }).flatMap((entry) => {
      const path = join(at, entry.name);
      if (passing.test(entry.isDirectory() ? `${path}/` : path)) return [];
      return entry.isDirectory() ? walk(path) : entry.isFile() ? [path] : [];
    });
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() ? walk("") : [];
}

const bytesOf = (path: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(path));

/** What changes in a run folder. */
export class FolderChanges {
  readonly #known = new Map<string, string>();

  constructor(readonly folder: string) {}

  /** Notes the present files without telling them. */
  begin(): void {
    this.take();
  }

  /** Changed files since the last call; null: a file was removed. */
  take(): FitFile[] {
    const paths = filesIn(this.folder);
    const removed = [...this.#known.keys()].filter((path) => !paths.includes(path));
    for (const path of removed) this.#known.delete(path);
    const changed = paths.filter((path) => {
      const { ino, size, mtimeMs } = statSync(join(this.folder, path));
      const mark = `${ino} ${size} ${mtimeMs}`;
      const isNew = this.#known.get(path) !== mark;
      this.#known.set(path, mark);
      return isNew;
    });
    return [
      ...removed.map((path) => [path, null] as const),
      ...changed.map((path) => [path, bytesOf(join(this.folder, path))] as const),
    ];
  }
}

/** Files below a folder, by their paths from it. */
export const readFolder = (folder: string): FitFile[] =>
  filesIn(folder).map((path) => [path, bytesOf(join(folder, path))]);

/** Removes a file or folder. */
export const removePath = (path: string): void => rmSync(path, { recursive: true, force: true });

/** A run folder as a zip that holds the folder under its name. */
export function zipFolder(folder: string): Uint8Array {
  const files = readFolder(folder).map(([path, bytes]) => [`${folder}/${path}`, bytes]);
  return zipSync(Object.fromEntries(files), { level: 6 });
}

// Files for a bridge: tables and images below the folder of the studio, and uploads.

import { type Dirent, existsSync, renameSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { extname, join } from "node:path";
import { sweepTemporaries, temporaryPath } from "@dsbm/files";
import { RunError } from "@dsbm/runs";
import type { DataPlace } from "../shared/api.js";
import type { Folder } from "./inside.js";
import { isRunFolder, pathBelow, walkFolders } from "./walk.js";

const tableName = /\.(?:(?:csv|tsv|tab)(?:\.gz)?|parquet|pq|npy|npz|h5ad|nc)$/i;
const imageName = /\.(?:png|jpe?g|webp)$/i;
const mostPlaces = 1000;
const uploads = "uploads";
/** The largest file that a page brings. */
const mostBytes = 1 << 30;

/** Whether dsbm made a folder: prepared datasets, and the manifest of a sweep. */
const isOwnFolder = (path: string, entries: readonly Dirent[]): boolean => {
  const has = (name: string) => entries.some((entry) => entry.name === name);
  return (
    (/prepared\/[^/]+$/.test(path) && has("facts.json")) || (has("manifest.json") && has("logs"))
  );
};

/** Tables, fields and folders of images below the folder, by path. Runs and other folders of dsbm are passed over. */
export function listData(folder: Folder): DataPlace[] {
  const places: DataPlace[] = [];
  walkFolders((path) => {
    if (places.length >= mostPlaces || isRunFolder(folder, path)) return [];
    const entries = folder.list(path);
    if (isOwnFolder(path, entries)) return [];
    const images = entries.filter((entry) => entry.isFile() && imageName.test(entry.name)).length;
    if (images > 1 && path !== "") places.push({ path, images, bytes: null });
    for (const entry of entries)
      if (entry.isFile() && tableName.test(entry.name) && !entry.name.startsWith(".")) {
        const file = pathBelow(path, entry.name);
        places.push({ path: file, images: null, bytes: folder.peek(file)?.size ?? 0 });
      }
    return entries;
  });
  return places.slice(0, mostPlaces);
}

/**
 * The name under which a file is kept: letters, digits and a few signs.
 * @throws {RunError} for paths and other formats.
 */
function safeName(name: string): string {
  const isPath = /[/\\\p{Cc}]|^\.|\.\./u.test(name);
  const plain = name.replaceAll(/[^\p{L}\p{M}\p{N}._-]+/gu, "_").replace(/^[._-]+/, "");
  if (isPath || !tableName.test(plain) || Buffer.byteLength(plain) > 200)
    throw new RunError(
      "bad_argument",
      `${JSON.stringify(name.slice(0, 80))} is not taken: expected a file .csv, .tsv, .parquet, .npy, .npz, .h5ad or .nc with a name without slashes`,
    );
  return plain;
}

/** A path in `at` that no other file has: a.csv, a-2.csv. */
function freePath(at: string, name: string): string {
  const ending = /\.gz$/i.test(name) ? name.slice(name.search(/\.\w+\.gz$/i)) : extname(name);
  const stem = name.slice(0, -ending.length);
  for (let i = 1; ; i++) {
    const path = `${stem}${i === 1 ? "" : `-${i}`}${ending}`;
    if (!existsSync(join(at, path))) return path;
  }
}

/**
 * Keeps a file of a page below the folder, whole or not at all. Returns its path.
 * @throws {RunError} for another format, and beyond the limit of its size.
 */
export async function takeUpload(
  folder: Folder,
  name: string,
  body: AsyncIterable<Uint8Array>,
): Promise<string> {
  const plain = safeName(name);
  const at = folder.makeFolder(uploads);
  sweepTemporaries(at);
  const temporary = temporaryPath(at);
  const file = await open(temporary, "wx");
  try {
    let size = 0;
    for await (const chunk of body) {
      size += chunk.length;
      if (size > mostBytes)
        throw new RunError(
          "bad_argument",
          `${plain} has more than the ${mostBytes >> 20} MB that a page takes: copy it into ${at}`,
        );
      await file.writeFile(chunk);
    }
    await file.sync();
    const free = freePath(at, plain);
    renameSync(temporary, join(at, free));
    return pathBelow(uploads, free);
  } finally {
    await file.close();
    rmSync(temporary, { force: true });
  }
}

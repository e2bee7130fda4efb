import { readFileSync, realpathSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { FileError, isPage, resumeFolder, sha256OfFile, stageFolder } from "@dsbm/files";
import { isFormatError } from "@dsbm/torch/archive";
import type { SetOptions } from "../data-set.js";
import { badTable, DatasetError, reason } from "../errors.js";

/** Returns undefined if nothing is there; throws `Unreadable` without permission. */
export function statOrUndefined(path: string): Stats | undefined {
  return attempt(path, () => statSync(path, { throwIfNoEntry: false }));
}

/** Whether a file is at the path; links are followed. */
export const isFile = (path: string): boolean => statOrUndefined(path)?.isFile() ?? false;
/** Whether a folder is at the path; links are followed. */
export const isFolder = (path: string): boolean => statOrUndefined(path)?.isDirectory() ?? false;

/**
 * The bytes of a file.
 * @throws {DatasetError} `Unreadable`
 */
export function readBytes(path: string): Buffer {
  return attempt(path, () => readFileSync(path));
}

const digests = new Map<string, { stats: string; digest: string }>();

/**
 * The SHA-256 of a file's content, read once while the file stays as it is.
 * @throws {DatasetError} `Unreadable`
 */
export function contentDigest(path: string): string {
  return attempt(path, () => {
    const { ino, size, mtimeMs, ctimeMs } = statSync(path);
    // The system alone sets ctime: an older mtime does not hide a change.
    const stats = [ino, size, mtimeMs, ctimeMs].join();
    const known = digests.get(path);
    if (known?.stats === stats) return known.digest;
    const digest = sha256OfFile(realpathSync(path));
    digests.set(path, { stats, digest });
    return digest;
  });
}

/**
 * The result of `operation` on the file `path`.
 * @throws {DatasetError} `Unreadable` for errors of the system; a DatasetError as it is
 */
export function attempt<T>(path: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    if (error instanceof DatasetError) throw error;
    throw new DatasetError("Unreadable", `${path}: ${reason(error)}`);
  }
}

/** The error of a reader of a format as a `DatasetError`, `BadTable` unless it is one. */
export function unreadableFile(path: string, format: string, error: unknown): DatasetError {
  if (error instanceof DatasetError) return error;
  const text = reason(error);
  // Of HDF5's trace, the text of the innermost function.
  const problem = [...text.matchAll(/ in \w+\(\): (.*)/g)].at(-1)?.[1] ?? text;
  // HDF5 looks for filters that it lacks, such as lzf, in a folder of plug-ins.
  if (/filter|plugin/.test(text))
    return badTable(
      path,
      "is compressed by a filter that dsbm lacks: expected gzip or none; write it again with gzip",
    );
  return badTable(path, `cannot be read as ${format} (${problem}): write it again`);
}

/** How a folder is prepared. */
interface FolderWork {
  /** Called before it is made; may throw. */
  check?: ((folder: string) => void) | undefined;
  /** Stops the work. */
  signal?: AbortSignal | undefined;
  /** Whether interrupted work stays for the next call (default: no). */
  resumes?: boolean;
}

/** A new temporary folder, or what interrupted work left. */
function openStage(folder: string, resumes: boolean) {
  if (resumes && !isPage) return resumeFolder(folder);
  const staged = stageFolder(folder);
  return { ...staged, leave: staged.discard, refresh() {} };
}

/**
 * `make` writes and flushes files under a temporary name, which becomes `folder` at the end; `refresh` keeps the lock.
 * @throws the errors of `make`, and `Unreadable` if the disk refuses.
 */
export async function prepareFolder(
  folder: string,
  make: (temporary: string, refresh: () => void) => Promise<void>,
  { check, signal, resumes = false }: FolderWork = {},
): Promise<void> {
  try {
    if (statOrUndefined(folder)) return;
    check?.(folder);
    const staged = openStage(folder, resumes);
    try {
      await make(staged.temporary, staged.refresh);
      staged.commit();
    } finally {
      if (signal?.aborted) staged.leave();
      else staged.discard();
    }
  } catch (error) {
    const isStorage =
      error instanceof FileError ||
      isFormatError(error) ||
      (error as NodeJS.ErrnoException).syscall !== undefined;
    throw isStorage
      ? new DatasetError("Unreadable", `${reason(error)}; or choose another paths.data_dir_name`)
      : error;
  }
}

/**
 * `of` names the rows.
 * @throws {DatasetError} `NotPrepared`.
 */
export function checkPrepared(folder: string, of: string): void {
  if (statOrUndefined(folder) === undefined)
    throw new DatasetError(
      "NotPrepared",
      `${of}: is not prepared yet: await prepareTable with the same options first`,
    );
}

/** Folders to search: subfolders of the data folder, then the data folder. */
export const placesIn = (
  { directory }: Pick<SetOptions, "directory">,
  folders: readonly string[],
): string[] =>
  directory === undefined ? [] : [...folders.map((folder) => join(directory, folder)), directory];

/** `cure` says what to put "into" the first of the places. */
export function missingFiles(
  title: string,
  { places, problem, cure }: { places: readonly string[]; problem?: string; cure: string },
): DatasetError {
  const where = places.length === 0 ? "not there" : `not in ${places.join(", ")}`;
  const into = places[0] ?? "a folder of your own and name it as directory";
  return new DatasetError("MissingFiles", `${title}: ${problem ?? where}; ${cure} into ${into}`);
}

/**
 * The paths of all files, each of one of its names, in the first folder with any.
 * @throws {DatasetError} `MissingFiles`
 */
export function findFiles(
  title: string,
  names: readonly (readonly string[])[],
  { places, cure }: { places: readonly string[]; cure: string },
): { folder: string; paths: string[] } {
  for (const folder of places) {
    const paths = names.flatMap(
      (some) => some.map((name) => join(folder, name)).find(isFile) ?? [],
    );
    if (paths.length === names.length) return { folder, paths };
    if (paths.length > 0)
      throw missingFiles(title, {
        places: [folder],
        problem: `only ${paths.join(" and ")} of ${names.length} files`,
        cure,
      });
  }
  throw missingFiles(title, { places, cure });
}

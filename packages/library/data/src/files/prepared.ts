import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FileError, sha256, sha256OfFile, stageFolder, writeFlushed } from "@dsbm/files";
import { io } from "@dsbm/torch";
import { DatasetError, reason } from "../errors.js";
import { isFile, status } from "./read.js";

const checksum = "sha256";

const checksumOf = (folder: string): string =>
  sha256(
    readdirSync(folder)
      .filter((name) => name !== checksum)
      .sort()
      .map((name) => sha256OfFile(join(folder, name)))
      .join(),
  );

function isWhole(folder: string): boolean {
  const file = join(folder, checksum);
  return isFile(file) && readFileSync(file, "utf8") === checksumOf(folder);
}

/**
 * `make` writes a folder's files under a temporary name; a folder that is whole stays, a damaged one
 * is made again. Throws the errors of `make`, and `Unreadable` if the disk refuses.
 */
export async function prepareFolder(
  folder: string,
  make: (temporary: string) => Promise<void>,
): Promise<void> {
  try {
    if (isWhole(folder)) return;
    const staged = stageFolder(folder);
    try {
      await make(staged.temporary);
      writeFlushed(join(staged.temporary, checksum), checksumOf(staged.temporary));
      staged.commit();
    } finally {
      staged.discard();
    }
  } catch (error) {
    const isStorage =
      error instanceof FileError ||
      io.isFormatError(error) ||
      (error as NodeJS.ErrnoException).syscall !== undefined;
    throw isStorage
      ? new DatasetError("Unreadable", `${reason(error)}; or choose another paths.data_dir_name`)
      : error;
  }
}

/** `of` names the rows. Throws `NotPrepared`. */
export function checkPrepared(folder: string, of: string): void {
  if (status(folder) === undefined)
    throw new DatasetError(
      "NotPrepared",
      `${of}: is not prepared yet: await prepareTable with the same options first`,
    );
}

import { FileError, stageFolder } from "@dsbm/files";
import { io } from "@dsbm/torch";
import { DatasetError, reason } from "../errors.js";
import { status } from "./read.js";

/**
 * `make` writes a folder's files under a temporary name; a folder that is there stays. Throws the
 * errors of `make`, and `Unreadable` with `cure` if the disk refuses.
 */
export async function prepareFolder(
  folder: string,
  cure: string,
  make: (temporary: string) => Promise<void>,
): Promise<void> {
  if (status(folder) !== undefined) return;
  try {
    const staged = stageFolder(folder);
    try {
      await make(staged.temporary);
      staged.commit();
    } finally {
      staged.discard();
    }
  } catch (error) {
    const isStorage =
      error instanceof FileError ||
      io.isFormatError(error) ||
      (error as NodeJS.ErrnoException).syscall !== undefined;
    throw isStorage ? new DatasetError("Unreadable", `${reason(error)}; or ${cure}`) : error;
  }
}

import { FileError, stageFolder } from "@dsbm/files";
import { io } from "@dsbm/torch";
import { DatasetError, reason } from "../errors.js";
import { status } from "./read.js";

/**
 * `make` writes and flushes files under a temporary name, which becomes `folder` at the end. Throws the errors of
 * `make`, and `Unreadable` if the disk refuses.
 */
export async function prepareFolder(
  folder: string,
  make: (temporary: string) => Promise<void>,
): Promise<void> {
  try {
    if (status(folder)) return;
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

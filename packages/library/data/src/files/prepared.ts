import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { FileError, removeFolder, sha256OfFile, stageFolder, writeFlushed } from "@dsbm/files";
import { io } from "@dsbm/torch";
import { DatasetError, reason } from "../errors.js";
import { isFile, status } from "./read.js";

const checksums = "SHA256SUMS";

/**
 * `make` writes a folder's files under a temporary name. An intact folder stays; a damaged folder
 * is made again, with a line. Throws the errors of `make`, and `Unreadable` with `cure` if the disk
 * refuses.
 */
export async function prepareFolder(
  folder: string,
  { say, cure }: { say: ((line: string) => void) | undefined; cure: string },
  make: (temporary: string) => Promise<void>,
): Promise<void> {
  try {
    if (status(folder) !== undefined) {
      if (isIntact(folder)) return;
      say?.(`${folder} does not match its ${checksums}: it is prepared again`);
      removeFolder(folder);
    }
    const staged = stageFolder(folder);
    try {
      await make(staged.temporary);
      writeChecksums(staged.temporary);
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

function writeChecksums(folder: string): void {
  const lines = readdirSync(folder).map((name) => `${sha256OfFile(join(folder, name))}  ${name}\n`);
  writeFlushed(join(folder, checksums), lines.join(""));
}

function isIntact(folder: string): boolean {
  const list = join(folder, checksums);
  if (!isFile(list)) return false;
  const lines = readFileSync(list, "utf8").trim().split("\n");
  return lines.every((line) => {
    const [checksum, name = ""] = line.split("  ");
    const path = join(folder, basename(name));
    return isFile(path) && sha256OfFile(path) === checksum;
  });
}

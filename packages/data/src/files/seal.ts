// Files that were made from others and are kept for later runs have a list of their SHA-256 beside them, in the form of
// sha256sum: where a disk changed a bit, they are made again.
import { createHash } from "node:crypto";
import { createReadStream, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DatasetError, reason } from "../errors.js";

async function digest(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const part of createReadStream(path, { highWaterMark: 1 << 20 })) {
    signal?.throwIfAborted();
    hash.update(part as Buffer);
  }
  return hash.digest("hex");
}

/**
 * Writes the list `seal` of some files, which will lie beside it under the names that are given with them; `final`: where it
 * will be itself. Throws `Unreadable`.
 */
export async function writeSeal(
  seal: string,
  files: readonly (readonly [path: string, name: string])[],
  final = seal,
): Promise<void> {
  try {
    const lines: string[] = [];
    for (const [path, name] of files) lines.push(`${await digest(path)}  ${name}\n`);
    writeFileSync(seal, lines.join(""), { flush: true });
  } catch (error) {
    throw new DatasetError(
      "Unreadable",
      `${final}: hashes cannot be stored there (${reason(error)}): free space, or check the disk`,
    );
  }
}

/** The list of a single file. */
export const sealOf = (path: string): string => `${path}.sha256`;

/** The same for one file, whose name is its own. */
export const sealFile = (path: string): Promise<void> =>
  writeSeal(sealOf(path), [[path, basename(path)]]);

/** Whether all files of a list are as they were; false, too, where there is no list. Throws the signal's reason. */
export async function isWhole(seal: string, signal?: AbortSignal): Promise<boolean> {
  try {
    const lines = readFileSync(seal, "utf8").trim().split("\n");
    for (const line of lines) {
      const [sha256 = "", name = ""] = line.split("  ");
      if ((await digest(join(dirname(seal), basename(name)), signal)) !== sha256) return false;
    }
    return lines.length > 0;
  } catch (error) {
    // A file of the list is gone or cannot be read.
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    return false;
  }
}

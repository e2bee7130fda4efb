// A folder whose content stays for the next process if its process is killed.
import { existsSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { FileError, fileOperation } from "./errors.js";
import { acquireLock, type Lock, lockHolder } from "./lock.js";
import { makeFolder, type StagedPath, stageFolder, syncFolder } from "./write.js";

/** A staged folder that another process can resume. */
export interface ResumableFolder extends StagedPath {
  /** Ends the work on the folder; its content stays. */
  leave(): void;
  /**
   * Shows other machines that the process lives.
   * @throws {FileError} "locked" if another one took the folder over.
   */
  refresh(): void;
}

const partPrefix = ".part-";
/** Parts without changes for this time are removed. */
const daysOfPart = 7;
const millisecondsOfDay = 86_400_000;

/**
 * A folder that becomes `path` at commit, with all that `leave` or a killed process left in it. If another process
 * works on the same folder, a new folder without a successor.
 * @throws {FileError}
 */
export function resumeFolder(path: string): ResumableFolder {
  const parent = dirname(path);
  makeFolder(parent);
  const temporary = join(parent, `${partPrefix}${basename(path)}`);
  const lock = lockOrNull(`${temporary}.lock`);
  if (!lock) {
    const staged = stageFolder(path);
    return { ...staged, leave: staged.discard, refresh() {} };
  }
  removeOldParts(parent, temporary);
  makeFolder(temporary);
  const discard = () => {
    if (lock.isHeld()) rmSync(temporary, { recursive: true, force: true });
    lock.release();
  };
  return {
    temporary,
    discard,
    refresh: lock.refresh,
    leave: lock.release,
    commit() {
      fileOperation("write", path, () => {
        if (!existsSync(path)) renameSync(temporary, path);
        syncFolder(parent);
      });
      discard();
    },
  };
}

function lockOrNull(path: string): Lock | null {
  try {
    return acquireLock(path);
  } catch (error) {
    if (error instanceof FileError && error.code === "locked") return null;
    throw error;
  }
}

/** Removes parts that nobody resumed, except `kept` and its lock. */
function removeOldParts(folder: string, kept: string): void {
  fileOperation("remove old parts in", folder, () => {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (!name.startsWith(partPrefix) || path.startsWith(kept)) continue;
      const age = Date.now() - statSync(path).mtimeMs;
      if (age > daysOfPart * millisecondsOfDay && lockHolder(`${path}.lock`) === undefined)
        rmSync(path, { recursive: true, force: true });
    }
  });
}

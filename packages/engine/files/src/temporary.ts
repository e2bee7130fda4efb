// Temporary files and folders, and the removal of leftovers from killed processes.
import { randomBytes } from "node:crypto";
import { lstatSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileOperation } from "./errors.js";
import { currentPlace, isGone, processName } from "./process.js";

const temporaryName = /^\.tmp-([0-9a-f]{8}-\d+-\d*)-[\w.-]+$/;

/**
 * Processes of other machines are invisible: a path without changes for this time counts as
 * abandoned.
 */
const abandonedAfterMs = 3_600_000;

/** A new temporary path in a folder, which ends in `suffix`. sweepTemporaries removes it once this process is gone. */
export function temporaryPath(folder: string, suffix = ""): string {
  return join(folder, `.tmp-${processName()}-${randomBytes(4).toString("hex")}${suffix}`);
}

/**
 * Removes leftovers of killed processes from a folder and, with `deep`, from its sub-folders. Links are removed, never
 * followed.
 * @throws {FileError}
 */
export function sweepTemporaries(folder: string, { deep = false } = {}): void {
  fileOperation("remove temporary files in", folder, () => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      const owner = temporaryName.exec(entry.name)?.[1];
      if (owner === undefined) {
        if (deep && entry.isDirectory()) sweepTemporaries(path, { deep });
      } else if (isAbandoned(path, owner)) rmSync(path, { recursive: true, force: true });
    }
  });
}

/** Whether the process of this name, which made `path`, no longer needs it. */
export function isAbandoned(path: string, owner: string): boolean {
  if (owner.startsWith(currentPlace())) return isGone(owner);
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs >= abandonedAfterMs;
}

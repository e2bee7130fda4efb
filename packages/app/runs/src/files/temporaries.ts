// Files and folders with temporary names that killed processes left. The next process that writes removes them,
// but not those of a living process.
import { lstatSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileOperation } from "../errors.js";
import { isAlive } from "./process.js";

/** Those of `temporaryPath`, and those of caches, which have the names of their files at the end. */
const temporaryName = /^\.tmp-(\d+)-[\w.-]+$/;

/** Seconds after which a temporary file counts as abandoned though its process lives. */
const olderThan = 3600;

/**
 * Removes temporary files, links and folders that killed processes left in a folder and, with `deep` (the default), in its
 * sub-folders; those of living processes stay unless older than an hour. Links are not followed.
 * Returns the paths removed. Throws RunError.
 */
export function sweepTemporaries(folder: string, { deep = true } = {}): string[] {
  const removed: string[] = [];
  fileOperation("remove temporary files in", folder, () => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      const pid = temporaryName.exec(entry.name)?.[1];
      const plain = entry.isFile() || entry.isDirectory() || entry.isSymbolicLink();
      if (pid !== undefined && plain) {
        if (!isAbandoned(path, Number(pid))) continue;
        rmSync(path, { recursive: true, force: true });
        removed.push(path);
      } else if (deep && entry.isDirectory()) removed.push(...sweepTemporaries(path));
    }
  });
  return removed;
}

/**
 * Whether the process `pid` that made `path` is gone, or has not changed it for an hour.
 * In containers pids are reused: a file with our pid that is older than this process is not ours.
 */
export function isAbandoned(path: string, pid: number): boolean {
  if (!isAlive(pid)) return true;
  const stat = lstatSync(path, { throwIfNoEntry: false });
  // It has just got its name.
  if (stat === undefined) return false;
  const age = (Date.now() - stat.mtimeMs) / 1000;
  return age >= olderThan || (pid === process.pid && age > process.uptime() + 1);
}

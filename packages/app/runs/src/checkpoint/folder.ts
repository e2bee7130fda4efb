// Whole folders appear and disappear. A folder gets its name when its content is on the disk, and loses it
// before its content is removed, so that a kill never leaves a part of a folder under its name.
import { randomBytes } from "node:crypto";
import { existsSync, lstatSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileOperation } from "../errors.js";
import { isAbandoned } from "../files/temporaries.js";
import { syncFolder, temporaryPath } from "../files/write.js";
import { manifestName } from "./manifest.js";

const replacedName = /^\.old-(\d+)-[0-9a-f]{8}-(.+)$/;

/**
 * Gives the finished folder `temporary` its name `id` in `parent`, durably. A folder of that name is
 * replaced if it is `whole`, and set aside as <id>.damaged-… otherwise. Returns the new path of the replaced folder,
 * to be removed now (after a kill restoreReplaced removes it), or of the one that was set aside.
 */
export function putInPlace(
  temporary: string,
  { parent, id, whole }: { parent: string; id: string; whole: boolean },
): { replaced?: string; aside?: string } {
  const target = join(parent, id);
  const exists = lstatSync(target, { throwIfNoEntry: false }) !== undefined;
  const suffix = randomBytes(4).toString("hex");
  const old = join(
    parent,
    whole ? `.old-${process.pid}-${suffix}-${id}` : `${id}.damaged-${suffix}`,
  );
  if (exists) renameSync(target, old);
  try {
    renameSync(temporary, target);
  } catch (error) {
    if (exists) renameSync(old, target);
    throw error;
  }
  syncFolder(parent);
  if (!exists) return {};
  return whole ? { replaced: old } : { aside: old };
}

/** Whether a path is the folder of a checkpoint, whole or damaged: it has a manifest. */
export function isSavedPoint(folder: string): boolean {
  const isFolder = lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
  return isFolder && existsSync(join(folder, manifestName));
}

/** Removes a folder, its name first. Throws RunError; sweepTemporaries removes what is left then. */
export function removeFolder(parent: string, folder: string): void {
  fileOperation("remove", folder, () => {
    const renamed = temporaryPath(parent);
    renameSync(folder, renamed);
    // Without this a power failure could bring back the name, with a part of the content.
    syncFolder(parent);
    rmSync(renamed, { recursive: true });
  });
}

/**
 * After a kill during a replacement: restores the old folder where the new one has not got the name, and
 * removes it where it has. Throws RunError.
 */
export function restoreReplaced(parent: string): void {
  fileOperation("restore checkpoints in", parent, () => {
    for (const name of readdirSync(parent)) {
      const [, pid, id] = replacedName.exec(name) ?? [];
      const old = join(parent, name);
      if (id === undefined || !isAbandoned(old, Number(pid))) continue;
      if (existsSync(join(parent, id))) removeFolder(parent, old);
      else renameSync(old, join(parent, id));
    }
  });
}

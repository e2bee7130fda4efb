// How whole folders come and go. A folder gets its name when its content is on the disk, and loses
// it before its content goes, so that a kill in between never leaves a half that looks whole.
import { randomBytes } from "node:crypto";
import { existsSync, lstatSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileError } from "../errors.js";
import { isAbandoned } from "../files/temporaries.js";
import { syncFolder, temporaryPath } from "../files/write.js";
import { manifestName } from "./manifest.js";

const replacedName = /^\.old-(\d+)-[0-9a-f]{8}-(.+)$/;
const suffix = () => randomBytes(4).toString("hex");

/**
 * Gives the finished folder `temporary` its name `id` in `parent`, durably. What had that name is
 * replaced if it is `whole`, and set aside as <id>.damaged-… otherwise. Returns the path of what
 * was replaced, to be removed now (a process killed before leaves it to restoreReplaced), or of what
 * was set aside.
 */
export function putInPlace(
  temporary: string,
  { parent, id, whole }: { parent: string; id: string; whole: boolean },
): { replaced?: string; aside?: string } {
  const target = join(parent, id);
  const there = lstatSync(target, { throwIfNoEntry: false }) !== undefined;
  const aside = whole ? `.old-${process.pid}-${suffix()}-${id}` : `${id}.damaged-${suffix()}`;
  const old = join(parent, aside);
  if (there) renameSync(target, old);
  try {
    renameSync(temporary, target);
  } catch (error) {
    if (there) renameSync(old, target);
    throw error;
  }
  syncFolder(parent);
  if (!there) return {};
  return whole ? { replaced: old } : { aside: old };
}

/** Whether a path is the folder of a saved point, whole or damaged: it has a manifest. */
export function isSavedPoint(folder: string): boolean {
  const isFolder = lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
  return isFolder && existsSync(join(folder, manifestName));
}

/** Removes a folder, its name first. Throws RunError; what is left then is swept later. */
export function removeFolder(parent: string, folder: string): void {
  try {
    const doomed = temporaryPath(parent);
    renameSync(folder, doomed);
    // Else a power failure may bring back the name, with half of the content.
    syncFolder(parent);
    rmSync(doomed, { recursive: true });
  } catch (error) {
    throw fileError("remove", folder, error);
  }
}

/**
 * Puts back what a killed process was about to replace where its successor has not arrived, and
 * removes it where it has. Throws RunError.
 */
export function restoreReplaced(parent: string): void {
  try {
    for (const name of readdirSync(parent)) {
      const [, pid, id] = replacedName.exec(name) ?? [];
      const old = join(parent, name);
      if (id === undefined || !isAbandoned(old, Number(pid))) continue;
      if (existsSync(join(parent, id))) removeFolder(parent, old);
      else renameSync(old, join(parent, id));
    }
  } catch (error) {
    throw fileError("sweep", parent, error);
  }
}

// `latest` beside the experiments: a link to the run that was begun or ended last, for people and scripts.
import { existsSync, lstatSync, realpathSync, symlinkSync } from "node:fs";
import { isAbsolute, join, relative } from "node:path";
import { errnoOf, fileError } from "../errors.js";
import { openFileReplacement } from "../files/write.js";

/** Errors of file systems that have no links. */
const noLinks = ["EPERM", "ENOTSUP", "ENOSYS", "EINVAL"];

/**
 * Points <experiments_dir>/latest at `folder`, which lies below it; does nothing for another folder, where something that
 * is no link has that name, and where there are no links. Throws RunError.
 */
export function linkLatest(experiments_dir: string, folder: string): void {
  const link = join(experiments_dir, "latest");
  if (!existsSync(experiments_dir) || !existsSync(folder)) return;
  try {
    const target = relative(realpathSync(experiments_dir), realpathSync(folder));
    if (target === "" || target.startsWith("..") || isAbsolute(target)) return;
    const there = lstatSync(link, { throwIfNoEntry: false });
    if (there && !there.isSymbolicLink()) return;
    const replacement = openFileReplacement(link);
    symlinkSync(target, replacement.temporary, "dir");
    replacement.commit();
  } catch (error) {
    if (noLinks.includes(errnoOf(error) ?? "")) return;
    throw fileError("link", link, error);
  }
}

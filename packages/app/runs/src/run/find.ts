// Finds the run that an argument names; `latest` links the run that last began or ended.
import { existsSync, lstatSync, readlinkSync, realpathSync, statSync, symlinkSync } from "node:fs";
import { dirname, isAbsolute, join, relative } from "node:path";
import { errnoOf, fileError, firstOf, refuseLinks, stageFile } from "@dsbm/files";
import { RunError } from "../errors.js";
import { listRuns } from "./reader.js";

const mostNames = 5;

function behindLink(path: string): string {
  const link = path.replace(/(?<=.)\/+$/, "");
  if (!lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink()) return path;
  const target = readlinkSync(link);
  return isAbsolute(target) ? target : join(dirname(link), target);
}

/**
 * The folder of the run that `path` names: itself, the only run below it, or with "latest" the run
 * below `experiments_dir` with the newest change. Throws RunError "not_a_run" if there are none or
 * several, and FileError "is_link" if the folder holds links.
 */
export function findRun(path: string, { experiments_dir = "experiments" } = {}): string {
  if (existsSync(join(path, "run.json"))) return withoutLinks(behindLink(path));
  const stat = statSync(path, { throwIfNoEntry: false });
  const isLatest = path === "latest" && stat === undefined;
  const root = isLatest ? experiments_dir : path;
  const refuse = (fault: string) => {
    throw new RunError("not_a_run", fault);
  };
  if (!isLatest && !stat?.isDirectory())
    refuse(`there is no folder ${path}: give the folder of a run, a folder above it, or "latest"`);
  const changed = (folder: string) => statSync(join(folder, "run.json")).mtimeMs;
  const runs = listRuns(root).sort((a, b) => changed(b) - changed(a));
  const [newest = refuse(`there is no run in ${root}: give a run folder, which holds run.json`)] =
    runs;
  if (runs.length > 1 && !isLatest) {
    refuse(
      `${root} holds ${runs.length} runs: give the folder of one run: ${firstOf(runs, mostNames)}`,
    );
  }
  return withoutLinks(newest);
}

function withoutLinks(folder: string): string {
  refuseLinks(folder);
  return folder;
}

/**
 * Points <experiments_dir>/latest at `folder`. Does nothing if the folder lies elsewhere, a file or
 * folder has this name, or the file system has no links. Throws FileError.
 */
export function linkLatest(experiments_dir: string, folder: string): void {
  const link = join(experiments_dir, "latest");
  if (!existsSync(experiments_dir) || !existsSync(folder)) return;
  try {
    const target = relative(realpathSync(experiments_dir), realpathSync(folder));
    if (target === "" || target.startsWith("..") || isAbsolute(target)) return;
    if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() === false) return;
    const staged = stageFile(link);
    symlinkSync(target, staged.temporary, "dir");
    staged.commit();
  } catch (error) {
    if (/^(EPERM|ENOTSUP|ENOSYS|EINVAL)$/.test(errnoOf(error) ?? "")) return;
    throw fileError("link", link, error);
  }
}

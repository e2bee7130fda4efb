// The run that a word of the command line means: its own folder, a folder above it where it is the only one, or the newest.
// And `latest` beside the experiments: a link to the run that was begun or ended last, for people and scripts.
import { existsSync, lstatSync, readlinkSync, realpathSync, statSync, symlinkSync } from "node:fs";
import { dirname, isAbsolute, join, relative } from "node:path";
import { errnoOf, fileError, RunError } from "../errors.js";
import { openFileReplacement } from "../files/write.js";
import { listRuns } from "./reader.js";

/** Runs that an error names. */
const named = 5;

/** Where a link such as experiments/latest leads: by the time of a later command it is moved. */
function behindLink(word: string): string {
  const place = word.replace(/(?<=.)\/+$/, "");
  if (!lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink()) return word;
  const target = readlinkSync(place);
  return isAbsolute(target) ? target : join(dirname(place), target);
}

/**
 * The folder of the run that `word` names: itself, the only run below it, or with "latest" the one that was written to
 * last below `experiments_dir`. Throws a RunError "not_a_run" where there is none or are several.
 */
export function findRun(word: string, { experiments_dir = "experiments" } = {}): string {
  if (existsSync(join(word, "run.json"))) return behindLink(word);
  const isThere = existsSync(word);
  const newest = !isThere && word === "latest";
  const root = newest ? experiments_dir : word;
  if (!newest && !(isThere && statSync(word).isDirectory()))
    throw new RunError(
      "not_a_run",
      isThere
        ? `${word} is a file: give the folder of a run, with run.json in it`
        : `there is no folder ${word}: give the folder of a run, a folder above it, or "latest"`,
    );
  const runs = existsSync(root) ? byTime(root) : [];
  const [first] = runs;
  if (first === undefined)
    throw new RunError(
      "not_a_run",
      `there is no run in ${root}: give the folder of a run, which holds run.json`,
    );
  if (newest || runs.length === 1) return first;
  const some = runs.slice(0, named).join(", ") + (runs.length > named ? ", …" : "");
  throw new RunError("not_a_run", `${root} holds ${runs.length} runs: give one of them: ${some}`);
}

/** Folders of runs, the one that was written to last first. */
function byTime(root: string): string[] {
  const changed = (folder: string) => statSync(join(folder, "run.json")).mtimeMs;
  return listRuns(root)
    .map(({ folder }) => folder)
    .sort((a, b) => changed(b) - changed(a));
}

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

// The run that a word of the command line means: its own folder, a folder above it where it is the only one, or the newest.
import { existsSync, lstatSync, readlinkSync, statSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { RunError } from "../errors.js";
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

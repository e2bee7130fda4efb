// The folder of a sweep, beside the runs: its members, the command of each and the folder of its run.
// `dsbm sweep` reads it, so that nothing is guessed from the names of folders.
import { existsSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { RunError } from "../errors.js";
import type { Cell } from "../files/csv.js";
import { readFormatted, writeJson } from "../files/json.js";
import { namesIn } from "../files/read.js";
import { makeFolder } from "../files/write.js";

/** The format of sweep folders that this version writes and the newest that it reads. */
const formatVersion = 1;

/** One run of a sweep. */
export interface SweepEntry {
  /** From 1 on; names its log and its place in a job array. */
  number: number;
  /** The words behind `dsbm` that start this run alone. */
  words: string[];
  /** The run's folder, relative to that of the sweep, so that both can be moved together. */
  folder: string;
  /** The values of the keys in which members differ, the seed left out. */
  configuration: Record<string, Cell>;
  seed: number;
}

export interface SweepManifest {
  format: number;
  /** Version of dsbm that wrote it. */
  dsbm: string;
  /** The command: gaussian, train or test. */
  experiment: string;
  /** The words behind `dsbm` that start the whole sweep, launcher included. */
  words: string[];
  created: string;
  members: SweepEntry[];
}

/** Where the files of a sweep lie. */
export type SweepPaths = Readonly<ReturnType<typeof sweepPaths>>;

/** The paths of the sweep in `folder`. */
export function sweepPaths(folder: string) {
  const at = (name: string) => join(folder, name);
  return {
    folder,
    manifest: at("manifest.json"),
    /** What was started when, one line each. */
    journal: at("journal.jsonl"),
    /** The newest script for Slurm. */
    script: at("sbatch.sh"),
    logs: at("logs"),
    /** Held while members are started from here. */
    lock: at(".lock"),
    summary_csv: at("summary.csv"),
    summary_svg: at("summary.svg"),
    summary_png: at("summary.png"),
    log: (member: number): string => join(at("logs"), `${member}.log`),
  };
}

/** The folder of all sweeps of an experiments folder. */
export const sweepsFolder = (experiments_dir: string): string => join(experiments_dir, "sweeps");

/** Makes the folder of a sweep and writes its manifest. Throws RunError. */
export function writeManifest(folder: string, manifest: Omit<SweepManifest, "format">): void {
  makeFolder(sweepPaths(folder).logs);
  writeJson(sweepPaths(folder).manifest, { format: formatVersion, ...manifest });
}

/** Reads a manifest. Throws RunError "not_a_run" where there is none, "newer_format" or "corrupt". */
export function readManifest(folder: string): SweepManifest {
  const { manifest: path } = sweepPaths(folder);
  const broken = "delete it and start the sweep again";
  const missing = "give a sweep's folder";
  const manifest = readFormatted(path, { newest: formatVersion, missing, broken });
  if (!Array.isArray(manifest.members))
    throw new RunError("corrupt", `${path} has no members of a sweep: ${broken}`);
  return manifest as unknown as SweepManifest;
}

/** The folder of a member's run. */
export const entryFolder = (folder: string, entry: SweepEntry): string =>
  join(folder, entry.folder);

/**
 * The sweeps at `place`: it is the folder of one, of all of them, or an experiments folder. Throws RunError
 * "not_a_run" that says what was expected.
 */
export function findSweeps(place: string): string[] {
  if (!statSync(place, { throwIfNoEntry: false })?.isDirectory())
    throw new RunError(
      "not_a_run",
      `there is no folder ${place}: give that of a sweep, or of experiments`,
    );
  if (existsSync(sweepPaths(place).manifest)) return [place];
  const all = basename(resolve(place)) === "sweeps" ? place : sweepsFolder(place);
  const isSweep = (name: string) => existsSync(sweepPaths(join(all, name)).manifest);
  const found = namesIn(all, ({ name }) => isSweep(name)).map((name) => join(all, name));
  if (found.length === 0)
    throw new RunError(
      "not_a_run",
      `${place} holds no sweep: give the folder of one (it has a manifest.json), or the experiments folder above it`,
    );
  return found;
}

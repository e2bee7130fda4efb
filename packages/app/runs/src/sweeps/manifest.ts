import { existsSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { makeFolder } from "@dsbm/files";
import { z } from "zod";
import { RunError } from "../errors.js";
import { namesIn, readAs, realNumber, writeJson } from "../files/json.js";

const sweepFormat = 1;

const sweepEntry = z.object({
  /** The number of the run, from 1 on; names its log and its place in a job array. */
  number: z.int().min(1),
  /** Relative to the sweep's folder, so that both can move together. */
  folder: z.string(),
  /** The values of the keys in which members differ, without the seed. */
  configuration: z.record(z.string(), z.union([z.string(), realNumber, z.null()])),
  seed: z.number(),
});

/** A member of a sweep, with its `seed`. */
export type SweepEntry = z.output<typeof sweepEntry>;

/** The schema of a sweep's manifest.json. */
export const sweepManifest = z.object({
  format: z.number(),
  dsbm: z.string(),
  /** The command: gaussian, train or test. */
  experiment: z.string(),
  /** The arguments of `dsbm` that start the whole sweep, launcher included. */
  words: z.array(z.string()),
  members: z.array(sweepEntry),
});

/** The content of a sweep's manifest.json: `format`, version of `dsbm`, and `members`. */
export type SweepManifest = z.output<typeof sweepManifest>;

/**
 * The paths of all files of a sweep: its `folder`, `manifest`, `logs` and `summary_csv`, and `log` of
 * a member.
 */
export type SweepPaths = Readonly<ReturnType<typeof sweepPaths>>;

/** The paths of all files of a sweep. */
export function sweepPaths(folder: string) {
  const at = (name: string) => join(folder, name);
  return {
    folder,
    manifest: at("manifest.json"),
    /** The newest script for Slurm. */
    script: at("sbatch.sh"),
    logs: at("logs"),
    /** Held while this process starts members. */
    lock: at(".lock"),
    summary_csv: at("summary.csv"),
    log: (member: number): string => join(at("logs"), `${member}.log`),
  };
}

/** The folder of all sweeps. */
export const sweepsFolder = (experiments_dir: string): string => join(experiments_dir, "sweeps");

/**
 * Writes the manifest of a sweep, and makes its folder.
 * @throws {RunError}
 */
export function writeManifest(folder: string, manifest: Omit<SweepManifest, "format">): void {
  makeFolder(sweepPaths(folder).logs);
  writeJson(sweepPaths(folder).manifest, { format: sweepFormat, ...manifest });
}

/**
 * Reads the manifest of a sweep.
 * @throws {RunError} "not_a_run", "newer_format" or "corrupt".
 */
export const readManifest = (folder: string): SweepManifest =>
  readAs(sweepPaths(folder).manifest, {
    newest: sweepFormat,
    schema: sweepManifest,
    missing: "give a sweep's folder",
    cure: "delete it and start the sweep again",
  });

/** The run folder of a member. */
export const entryFolder = (folder: string, entry: SweepEntry): string =>
  join(folder, entry.folder);

/**
 * The sweeps at `place`: the folder of one sweep, of all sweeps, or of experiments.
 * @throws {RunError} "not_a_run".
 */
export function findSweeps(place: string): string[] {
  const isSweep = (folder: string) => existsSync(sweepPaths(folder).manifest);
  if (isSweep(place)) return [place];
  const all = basename(resolve(place)) === "sweeps" ? place : sweepsFolder(place);
  const folders = namesIn(all, ({ name }) => isSweep(join(all, name))).map((name) =>
    join(all, name),
  );
  if (folders.length > 0) return folders;
  const isFolder = statSync(place, { throwIfNoEntry: false })?.isDirectory();
  const fault = isFolder ? `${place} holds no sweep` : `there is no folder ${place}`;
  throw new RunError(
    "not_a_run",
    `${fault}: give the folder of a sweep (it has a manifest.json), or the experiments folder above it`,
  );
}

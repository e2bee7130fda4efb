import { createHash } from "node:crypto";
import { join, relative, resolve } from "node:path";
import { ConfigError, type Launcher, type Member, printValue, type Value } from "@dsbm/config";
import { acquireLock, lockHolder, shellWord } from "@dsbm/files";
import {
  type Cell,
  runPaths,
  type SweepPaths,
  sweepPaths,
  sweepsFolder,
  version,
  writeManifest,
} from "@dsbm/runs";
import { runLocal } from "./local.js";
import { runSlurm } from "./slurm.js";
import { gather, nameOf, sweepStatus } from "./status.js";

interface SweepMember {
  overrides: Member<unknown>["overrides"];
  args: string[];
  folder: string;
  seed: number;
  /** As the key says: cpu, cuda, cuda:1. */
  device: string;
  nproc: number;
  /**
   * Whether it is finished.
   * @throws if no such run is possible.
   */
  finished: () => boolean;
}

/** A run of a sweep with its number and its command. */
export interface NumberedMember extends SweepMember {
  /** The number of the run, from 1 on; names its log and its place in a job array. */
  number: number;
  /** The keys in which it differs from the others. */
  label: string;
}

interface SweepRequest {
  experiment: string;
  words: string[];
  experiments_dir: string;
  launcher: Launcher;
  again: boolean;
}

/**
 * Returns 0 when all members are finished, 1 when some failed, 130 when stopped.
 * @throws {ConfigError} for members that share a folder, and if Slurm refuses the sweep; a FileError if the sweep is
 * running already.
 */
export async function sweep(
  members: readonly SweepMember[],
  { launcher, again, ...request }: SweepRequest,
): Promise<number> {
  const { paths, numbered } = openSweep(members, request);
  const { folder } = paths;
  const lock = acquireLock(paths.lock);
  const alive = setInterval(() => lock.refresh(), 30_000).unref();
  try {
    const todo = numbered.filter((member) => (again || !isDone(member)) && isFree(member));
    console.log(
      `${members.length} runs, ${todo.length} to start\nstatus:  npx dsbm sweep status ${shellWord(relative(process.cwd(), folder) || ".")}`,
    );
    if (todo.length > 0) {
      const end =
        launcher.kind === "local"
          ? await runLocal(todo, { paths, n_jobs: launcher.n_jobs })
          : await runSlurm(todo, launcher, paths);
      if (end === "submitted") return 0;
      if (end === "stopped") {
        console.log(sweepStatus(folder).text);
        return 130;
      }
    }
    const table = gather(folder);
    const { text, isWhole } = sweepStatus(folder);
    console.log(table === null ? text : `${text}\n\n${table}`);
    return isWhole ? 0 : 1;
  } finally {
    clearInterval(alive);
    lock.release();
  }
}

/** A run that cannot be read, or has another configuration, is started: it reports the reason. */
function isDone({ finished }: SweepMember): boolean {
  try {
    return finished();
  } catch {
    return false;
  }
}

function isFree({ folder, label }: NumberedMember): boolean {
  if (lockHolder(runPaths(folder).lock) === undefined) return true;
  console.log(`${label} is running already in another process, which finishes it`);
  return false;
}

/** Writes the manifest. The same members find the same folder: a hash of them names it. */
function openSweep(
  members: readonly SweepMember[],
  { experiment, words, experiments_dir }: Omit<SweepRequest, "launcher" | "again">,
): { paths: SweepPaths; numbered: NumberedMember[] } {
  const shared = members.find(
    ({ folder }, i) => members.findIndex((other) => other.folder === folder) < i,
  );
  if (shared)
    throw new ConfigError(
      `two runs of this sweep would share ${shared.folder}: give keys that do not name a folder (such as log_every) one value`,
    );
  const keys = variedKeys(members);
  const places = members.map(({ folder }) => relative(resolve(experiments_dir), resolve(folder)));
  const hash = createHash("sha256")
    .update(JSON.stringify([experiment, places]))
    .digest("hex");
  const named = keys.join(",").replaceAll("/", ".").slice(0, 80);
  const name = [experiment, named, hash.slice(0, 8)].filter((part) => part !== "").join("-");
  const folder = join(sweepsFolder(experiments_dir), name);
  const entries = members.map((member, i) => ({
    number: i + 1,
    folder: relative(resolve(folder), resolve(member.folder)),
    configuration: Object.fromEntries(keys.map((key) => [key, cellOf(member.overrides[key])])),
    seed: member.seed,
  }));
  writeManifest(folder, { dsbm: version, experiment, words, members: entries });
  const numbered = entries.map((entry, i) => ({
    ...members[i],
    number: entry.number,
    label: nameOf(entry),
  }));
  return { paths: sweepPaths(folder), numbered };
}

/** The keys whose values differ between members, without the seed. */
function variedKeys(members: readonly SweepMember[]): string[] {
  const keys = new Set(members.flatMap(({ overrides }) => Object.keys(overrides)));
  const isVaried = (key: string) =>
    new Set(members.map(({ overrides }) => JSON.stringify(overrides[key]))).size > 1;
  return [...keys].filter((key) => key !== "seed" && isVaried(key));
}

const cellOf = (value: Value = null): Cell =>
  typeof value === "number" || typeof value === "string" ? value : printValue(value);

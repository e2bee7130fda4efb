// How the runs of a sweep are started. It changes nothing of what they learn, so that the launcher's keys are not in
// their configurations: they are taken out of the words before.

import { z } from "zod";
import { ConfigError } from "./errors.js";
import { compose } from "./presets/compose.js";
import { counted, file, flag, follows, key, sized } from "./schema/kinds.js";
import { validate } from "./schema/validate.js";
import { type Override, printOverride } from "./words/override.js";

/** Options of sbatch that the launcher sets itself: a sweep would lose its members without them. */
const OURS = ["array", "chdir", "error", "open-mode", "output", "parsable", "wait", "wrap"];

const local = z.strictObject({
  kind: z.literal("local").describe("processes of this machine, or jobs of Slurm"),
  n_jobs: follows("runs at once; null: one for each core, or GPU with device=cuda", 2),
});

const slurm = z.strictObject({
  kind: z.literal("slurm"),
  partition: file("where jobs are queued; null: the cluster's default", "gpu"),
  cpus_per_task: counted(1, "cores of a run (of each of its processes)"),
  gpus_per_node: follows("GPUs of a run; null: none are requested", 1),
  mem_gb: sized(8, "memory of a run in GB"),
  timeout_min: follows("minutes that a run may take; null: the partition's limit", 240),
  array_parallelism: counted(30, "runs of the array at once"),
  additional_parameters: key(
    z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    {},
    "other options of sbatch, such as {account: physics, exclusive: true}",
  ),
  wait: flag(
    true,
    "wait for the jobs and gather their results; false: return once they are queued",
  ),
});

export const launcherSchema = z.strictObject({
  launcher: z.discriminatedUnion("kind", [local, slurm]).prefault({ kind: "local" }),
});

/** How the runs of a sweep are started. */
export type Launcher = z.output<typeof launcherSchema>["launcher"];
export type SlurmLauncher = Extract<Launcher, { kind: "slurm" }>;

/** Whether an override is the launcher's: launcher=… or launcher.key=…. */
export function isLauncherWord({ key }: Override): boolean {
  return key === "launcher" || key.startsWith("launcher.");
}

/**
 * The launcher of the overrides; the preset "local" without any. Throws
 * ConfigError for lists, for anything but local without `multirun`, and those of compose and validate.
 */
export function resolveLauncher(
  overrides: readonly Override[],
  { dirs, multirun }: { dirs: readonly string[]; multirun: boolean },
): Launcher {
  for (const override of overrides) refuse(override, multirun);
  const chosen = overrides.some(({ key }) => key === "launcher");
  const standard: Override = { kind: "set", key: "launcher", values: ["local"], sweep: false };
  const words = [...(chosen || dirs.length === 0 ? [] : [standard]), ...overrides];
  const { config } = compose({
    dirs,
    // a group is only looked up where it is added
    overrides: words.map((word) => (word.key === "launcher" ? { ...word, kind: "force" } : word)),
  });
  return validate(launcherSchema, config, check).launcher;
}

function refuse(override: Override, multirun: boolean): void {
  const word = printOverride(override);
  if (override.kind === "delete")
    throw new ConfigError("sweep", `${word}: a sweep has a launcher; write launcher=local`);
  if (override.sweep)
    throw new ConfigError(
      "sweep",
      `${word} gives ${override.values.length} values: a sweep has one launcher, write one of them`,
    );
  const isLocal = override.key === "launcher" && override.values[0] === "local";
  if (!multirun && !isLocal)
    throw new ConfigError(
      "sweep",
      `${word} is for sweeps: add -m (a sweep may have one run), or leave it out`,
    );
}

function check({ launcher }: z.output<typeof launcherSchema>): string[] {
  if (launcher.kind !== "slurm") return [];
  return Object.entries(launcher.additional_parameters).flatMap(([key, value]) => {
    const where = `launcher.additional_parameters.${key}`;
    if (!/^[A-Za-z][\w-]*$/.test(key))
      return [`${where}: expected the name of an option of sbatch, such as account`];
    if (OURS.includes(key.replaceAll("_", "-")))
      return [`${where} is set by the launcher itself: leave it out`];
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they would end the line of the script
    if (typeof value === "string" && /[\u0000-\u001f\u007f]/.test(value))
      return [`${where}: expected text on one line, got ${JSON.stringify(value)}`];
    return [];
  });
}

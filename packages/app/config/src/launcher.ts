// Where the runs of a sweep start.
import { z } from "zod";
import { ConfigError } from "./errors.js";
import { expandSweep, type Override } from "./overrides.js";
import { compose } from "./presets.js";
import { countKey, countOrNull, file, flag, key, positiveKey } from "./schema/kinds.js";
import { validate } from "./schema/validate.js";
import { flatten, printValue } from "./tree.js";

const localOptions = z.strictObject({
  kind: z.literal("local").describe("processes of this machine, or jobs of Slurm"),
  n_jobs: countOrNull("runs at once; null: one for each core, or GPU with device=cuda", 2),
});

const slurmOptions = z.strictObject({
  kind: z.literal("slurm"),
  partition: file("partition of the jobs; null: the cluster's default", "gpu"),
  cpus_per_task: countKey(1, "cores of each process of a run"),
  gpus_per_node: countOrNull("GPUs of a run; null: none are requested", 1),
  mem_gb: positiveKey(8, "memory of a run in GB"),
  timeout_min: countOrNull("minutes that a run may take; null: the partition's limit", 240),
  array_parallelism: countKey(30, "maximum runs of a job array at once"),
  additional_parameters: key(
    z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    {},
    "other options of sbatch, such as {account: physics, exclusive: true}",
  ),
  wait: flag(
    true,
    "wait for the jobs and gather their results; false: return when they are queued",
  ),
});

/** The schema of `launcher=…`. */
export const launcherSchema = z.strictObject({
  launcher: z.discriminatedUnion("kind", [localOptions, slurmOptions]).prefault({ kind: "local" }),
});

/** Where the runs of a sweep start: this machine or Slurm. */
export type Launcher = z.output<typeof launcherSchema>["launcher"];

/** Options of the Slurm launcher. */
export type SlurmLauncher = Extract<Launcher, { kind: "slurm" }>;

/** Whether the override is launcher=… or launcher.key=…. */
export const isLauncherKey = ({ key }: Override): boolean =>
  key === "launcher" || key.startsWith("launcher.");

/**
 * Returns the launcher of the overrides (default: the preset "local").
 * @throws {ConfigError} "sweep" for lists and, without `multirun`, for all but launcher=local; else as `compose` and
 * `validate`.
 */
export function resolveLauncher(
  overrides: readonly Override[],
  { multirun }: { multirun: boolean },
): Launcher {
  for (const override of overrides) if (!multirun) refuseLauncher(override);
  const [chosen = {}] = expandSweep(overrides, { multirun: false });
  const { config } = compose({ name: "launcher", base: {}, overrides: flatten(chosen) });
  return validate(launcherSchema, config).launcher;
}

/** Throws for any launcher but this machine. */
function refuseLauncher({ key, values }: Override): void {
  const word = `${key}=${values.map(printValue).join(",")}`;
  if (word !== "launcher=local")
    throw new ConfigError(
      `${word} is for sweeps: add -m (a sweep may have one run), or leave it out`,
      "sweep",
    );
}

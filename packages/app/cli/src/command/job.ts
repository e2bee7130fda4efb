// Commands that train several presets in turn: shared keys, and the configurations of their runs.
import {
  type CompleteTrainConfig,
  completeTrain,
  configure,
  type Experiment,
  flatten,
  type gaussian,
  helpTable,
  type Member,
  presets,
  resolve,
  type train,
} from "@dsbm/config";
import { z } from "zod";
import { printHelp, terminalWidth } from "../terminal/columns.js";

export const jobKeys = {
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(42)
    .describe("seed of weights, training and samples"),
  threads: z
    .union([z.literal("auto"), z.int().min(1)])
    .default("auto")
    .describe("processor threads; auto measures at the start"),
  quick: z.boolean().default(false).describe("a few steps of everything, as a trial"),
  experiments_dir: z.string().min(1).default("experiments").describe("folder of all runs"),
};

type JobConfig = { [key in keyof typeof jobKeys]: z.output<(typeof jobKeys)[key]> };

/** Prints help and returns null if the arguments ask for it. Throws ConfigError. */
export function readJob<S extends z.ZodType>(
  job: Experiment<S>,
  args: readonly string[],
  { usage, switches }: { usage: string; switches: string },
): Member<z.output<S>> | null {
  const words = args.filter((arg) => arg !== "--again");
  const { help, members } = resolve(job, words);
  if (!help) return members[0] as (typeof members)[number];
  const keys = helpTable(job.schema, { width: terminalWidth() });
  printHelp([`usage: dsbm ${job.name} ${usage}`, job.about, keys, switches].join("\n\n"));
  return null;
}

/** Returns the complete configuration of a run of a job. */
export function runOfJob(
  experiment: typeof train | typeof gaussian,
  { overrides, quick }: { overrides: object; quick: object },
  { seed, threads, experiments_dir, quick: isQuick }: JobConfig,
): { config: CompleteTrainConfig } {
  const own = { ...flatten(overrides), ...(isQuick && flatten(quick)) };
  const { config } = configure(
    experiment,
    { ...own, seed, threads, experiments_dir },
    { dirs: [presets] },
  );
  return { config: completeTrain(config) };
}

import {
  type Experiment,
  groupTable,
  helpTable,
  launcherSchema,
  type Member,
  type ParsedArguments,
  parseArguments,
  presetGroups,
  type TrainConfig,
  type Tree,
} from "@dsbm/config";
import type { z } from "zod";
import { withoutCfg } from "../terminal/work.js";

/** A command that trains. */
export interface ExperimentCommand {
  /** The command and its keys. */
  experiment: Experiment<z.ZodType<TrainConfig>>;
  /** Overrides below the user's. */
  base?: object;
  /** Arguments of the usage line, before the keys. */
  usage: string;
  /** Lines of help before the keys. */
  notes?: string;
  /** Replaces the runs. */
  plan?:
    | ((members: readonly [Member<TrainConfig>, ...Member<TrainConfig>[]]) => Promise<void>)
    | undefined;
  /** Files and folders before the overrides. */
  places?: readonly string[];
  /** Prints a finished run in another way. */
  print?(folder: string): Promise<void>;
}

const switches = [
  "-m, --multirun   a key with several values (seed=1,2,3) makes a run for each combination",
  "--again          start over if the folder holds a run",
  "--cfg            print the configuration as YAML, and stop",
].join("\n");

const resuming =
  "If a run was stopped or killed, the same command resumes from its newest whole checkpoint.";

/** The help of a command, with the values of its keys. */
export function experimentHelp(
  { experiment, usage, notes = "" }: ExperimentCommand,
  { values, all }: { values: Tree; all: boolean },
): string {
  const { name, about, schema, aliases, sections, first, chosen } = experiment;
  const begin = [
    `usage: dsbm ${name} ${usage}[key=value …] [-m [launcher=…]] [--again]`,
    about,
    notes + resuming,
    switches,
  ];
  const table = { values, aliases, sections, chosen };
  if (first && !all)
    return [
      ...begin,
      helpTable(schema, { ...table, sections: undefined, only: first }),
      `dsbm ${name} --help=all shows all keys and presets.`,
    ].join("\n\n");
  const groups = groupTable(presetGroups(name));
  return [
    ...begin,
    ...(groups === "" ? [] : [groups]),
    helpTable(schema, table),
    "A launcher starts sweeps (-m): see docs/sweeps.md; dsbm sweep status DIR shows them.",
    groupTable(presetGroups("launcher")),
    helpTable(launcherSchema),
  ].join("\n\n");
}

/** The arguments of an experiment, read once. */
export interface ExperimentRequest {
  /** Overrides and switches. */
  parsed: ParsedArguments;
  /** As typed, for other processes and for the command that resumes a sweep. */
  args: readonly string[];
  /** Whether to start over. */
  again: boolean;
  /** Whether to print the configuration only. */
  cfg: boolean;
}

/**
 * Reads arguments without files.
 * @throws {ConfigError}
 */
export function readRequest(args: readonly string[]): ExperimentRequest {
  const [tokens, cfg] = withoutCfg(args.filter((arg) => arg !== "--again"));
  const parsed = parseArguments(tokens, ["--again", "--cfg"]);
  return { parsed, args, again: args.includes("--again"), cfg };
}

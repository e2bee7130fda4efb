import { createHash } from "node:crypto";
import { z } from "zod";
import { ConfigError, quote, suggestion, withLines } from "./errors.js";
import { expandSweep, type Override, parseArguments, printOverrides } from "./overrides.js";
import { type Composed, compose, presetGroups, type RegisteredNames } from "./presets.js";
import { counted, file, flag, follows, key, sized } from "./schema/kinds.js";
import {
  bareListOf,
  type CrossCheck,
  defaultsOf,
  jsonSchema,
  schemaKeys,
  unknownKey,
  validate,
} from "./schema/schema.js";
import {
  type Aliases,
  flatten,
  inTypedNames,
  merge,
  type Overrides,
  printValue,
  type Tree,
  typedValue,
  withoutAliases,
} from "./tree.js";

/** A command that takes keys. `name` is also the name of its preset file. */
export interface Experiment<S extends z.ZodType> {
  /** The command, and its preset file. */
  name: string;
  /** One sentence about the command, for --help. */
  about: string;
  /** The keys, their types, defaults and help. */
  schema: S;
  /** Rules between keys. */
  check?: CrossCheck<z.output<S>>;
  /** Second names of its keys, on the command line and in files. */
  aliases?: Aliases;
  /** Values over the defaults of the schema and below all presets. */
  base?: Tree;
  /** Takes keys without a place in the schema out of a tree; returns notes for the user. Throws ConfigError. */
  take?: (tree: Tree) => string[];
  /** Names that work like presets. */
  names?: RegisteredNames;
  /** Keys that do not name the run's folder, in addition to seed and the folder of all runs. */
  unnamed?: readonly string[];
  /** Whether its sweeps may choose a launcher. */
  launched?: boolean;
  /** The keys that help shows first; --help=all shows the others too. */
  first?: readonly string[];
  /** Keys that the command chooses from the data. */
  chosen?: readonly string[];
  /** Its root keys by subject, for help. */
  sections?: Readonly<Record<string, readonly string[]>>;
}

/** The configuration of one run. */
export interface Member<C> {
  /** The checked values of all keys. */
  config: C;
  /** Overrides below the user's, by dotted keys: a command's own overrides for its files. */
  base: Overrides;
  /** The user's overrides by dotted keys. */
  overrides: Overrides;
  /** The user's overrides exactly as typed. */
  words: string[];
  /** The folder between the experiment's and the seed's. */
  dirname: string;
  /** The preset of each group. */
  choices: Composed["choices"];
  /** A line for each given key without effect. */
  notes: string[];
}

/** A parsed command line: its configurations and its launcher. */
interface Resolved<C> {
  /** Whether the user asked for help. */
  help: boolean;
  /** Whether help shows every key. */
  all: boolean;
  /** Empty with --help. */
  members: Member<C>[];
  /** Where the runs of a sweep start. */
  launcher: Launcher;
  /** With --help: the value of each key, with presets and overrides. */
  values: Tree;
}

interface ConfigureOptions {
  /** Overrides below the user's. */
  base?: object;
  /** Names of registries, instead of the experiment's of the same key. */
  names?: RegisteredNames;
  /** Further options of the command for suggestions, next to --multirun and --help. */
  options?: readonly string[];
}

const thisMachine: Launcher = { kind: "local", n_jobs: null };

const FOLDER_KEYS = ["seed", "experiments_dir", "paths.experiments_dir_name"];

/**
 * Merges overrides over presets and defaults, and checks the result. Keys are nested or dotted,
 * under their own or their second names; a group of presets takes a preset's name. Throws
 * ConfigError with a line for each problem.
 */
export function configure<S extends z.ZodType>(
  experiment: Experiment<S>,
  overrides: object,
  options: ConfigureOptions = {},
): Member<z.output<S>> {
  const { schema, check, take, aliases = {}, unnamed = [], launched = false } = experiment;
  const names = { ...experiment.names, ...options.names };
  const base = flatten(options.base ?? {});
  const values = flatten(overrides);
  const all = { ...base, ...values };
  const { config: tree, choices } = composed(experiment, all, options);
  const groups = [...Object.keys(choices), ...Object.keys(aliases)];
  if (launched) groups.push("launcher");
  return withLines(
    (line) => inTypedNames(aliases, line),
    () => {
      const notes = take?.(tree) ?? [];
      checkNames(tree, aliases, names);
      const config = validate(schema, tree, (value) => check?.(value, choices) ?? [], { groups });
      return {
        config,
        base,
        overrides: values,
        words: printOverrides(values),
        dirname: overrideDirname(all, [...FOLDER_KEYS, ...unnamed]),
        choices,
        notes,
      };
    },
  );
}

/**
 * Reads a command line (behind the experiment's name) and configures all runs of it. Throws ConfigError with the
 * problems of launcher and all members.
 */
export function resolve<S extends z.ZodType>(
  experiment: Experiment<S>,
  tokens: readonly string[],
  options: ConfigureOptions = {},
): Resolved<z.output<S>> {
  const { overrides, multirun, all, ...asked } = parseArguments(tokens, options.options);
  const help = asked.help || all;
  const isLauncher = (one: Override) => experiment.launched === true && isLauncherKey(one);
  const settings = overrides.filter((one) => !isLauncher(one));
  const keys = multirun ? settings : settings.map((one) => asList(experiment, one));
  if (help) {
    const [first = {}] = expandSweep(keys, true);
    const values = { ...flatten(options.base ?? {}), ...flatten(first) };
    const { config } = composed(experiment, values, options);
    return { help, all, members: [], values: config, launcher: thisMachine };
  }
  const launcher: Launcher = experiment.launched
    ? resolveLauncher(overrides.filter(isLauncher), multirun)
    : thisMachine;
  const members = expandSweep(keys, multirun).map((member) =>
    configure(experiment, member, options),
  );
  return { help, all, members, values: {}, launcher };
}

/** Without --multirun 1,2,2 and a,b are one list, for a key that takes such lists. Throws ConfigError for an unknown key. */
function asList<S extends z.ZodType>(
  { name: command, schema, aliases = {} }: Experiment<S>,
  override: Override,
): Override {
  const { key, values } = override;
  const isAll = (...types: string[]) => values.every((value) => types.includes(typeof value));
  if (values.length === 1 || !isAll("number", "string")) return override;
  const [name = key] = Object.keys(withoutAliases(aliases, { [key]: null }));
  const json = jsonSchema(schema);
  const [, inner] = schemaKeys(json).find(([known]) => known === name) ?? [];
  const groups = presetGroups(command).map((group) => group.name);
  if (!inner && !Object.hasOwn(json.properties ?? {}, name) && !groups.includes(name))
    throw new ConfigError(
      unknownKey(json, {}, key, [...groups, ...Object.keys(aliases)]),
      "unknown_key",
    );
  const kind = inner && bareListOf(inner);
  const isList = kind === "texts" || (kind === "numbers" && isAll("number"));
  return isList ? { ...override, values: [values] } : override;
}

function composed<S extends z.ZodType>(
  { name, schema, base = {}, aliases = {}, names: own }: Experiment<S>,
  overrides: Overrides,
  { names }: ConfigureOptions,
): Composed {
  return compose({
    name,
    base: merge(defaultsOf(schema), base),
    overrides: withoutAliases(aliases, overrides),
    names: { ...own, ...names },
    aliases,
  });
}

function checkNames(tree: Tree, aliases: Aliases, names: RegisteredNames): void {
  for (const [key, known] of Object.entries(names)) {
    const value = tree[key];
    if (typeof value !== "string" || Object.hasOwn(known, value)) continue;
    const typed = Object.keys(known).map((name) => typedValue(aliases, key, name));
    const cure = suggestion(value, typed);
    throw new ConfigError(`${key}: unknown name ${quote(value)}, ${cure}`, "value");
  }
}

const MAX_LENGTH = 64;
const HASH_LENGTH = 8;
const TELLING =
  /^(dataset|Dataset|method|model|model_name|dim|first_coupling|n_ipf|outer_iters|half_iterations)=/;

/**
 * Names the folder of a run by its overrides, sorted by key and joined by commas (Hydra's
 * override_dirname), or "defaults". A name over 64 characters, or with characters other than
 * letters, digits and _ . , = + -, ends in a hash of the whole, so that it is safe in shells and
 * file:// addresses.
 */
export function overrideDirname(overrides: Overrides, exclude: readonly string[]): string {
  const entries = Object.entries(overrides).filter(([key]) => !exclude.includes(key));
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1));
  const words = printOverrides(Object.fromEntries(sorted));
  const whole = words.join(",") || "defaults";
  const plain = words.map(readable).filter((word) => word !== "");
  if (words.length === 0 || (whole === plain.join(",") && whole.length <= MAX_LENGTH)) return whole;
  const rank = (word: string) => (TELLING.test(word) ? 0 : 1);
  plain.sort((a, b) => rank(a) - rank(b));
  const room = MAX_LENGTH - HASH_LENGTH - 1;
  let head = "";
  for (const word of plain) {
    const first = [...word].slice(0, room / 2).join("");
    const longer = head === "" ? (word.length > room ? first : word) : `${head},${word}`;
    if (longer.length > room) break;
    head = longer.replace(/[.-]+$/, "");
  }
  const hash = createHash("sha256").update(whole).digest("hex").slice(0, HASH_LENGTH);
  return head === "" ? hash : `${head}-${hash}`;
}

function readable(word: string): string {
  const [, key = "", value = word] = /^([^=]*=)(.*)$/s.exec(word) ?? [];
  const last = value.replace(/\/+$/, "").split("/").at(-1) ?? "";
  return (key + last)
    .replace(/[[\]{}()'"]/g, "")
    .replace(/[^\p{L}\p{N}_.,=+-]+/gu, "-")
    .replace(/^[.-]+|[.-]+$/g, "");
}

const local = z.strictObject({
  kind: z.literal("local").describe("processes of this machine, or jobs of Slurm"),
  n_jobs: follows("runs at once; null: one for each core, or GPU with device=cuda", 2),
});

const slurm = z.strictObject({
  kind: z.literal("slurm"),
  partition: file("partition of the jobs; null: the cluster's default", "gpu"),
  cpus_per_task: counted(1, "cores of each process of a run"),
  gpus_per_node: follows("GPUs of a run; null: none are requested", 1),
  mem_gb: sized(8, "memory of a run in GB"),
  timeout_min: follows("minutes that a run may take; null: the partition's limit", 240),
  array_parallelism: counted(30, "maximum runs of a job array at once"),
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
  launcher: z.discriminatedUnion("kind", [local, slurm]).prefault({ kind: "local" }),
});

/** Where the runs of a sweep start: this machine or Slurm. */
export type Launcher = z.output<typeof launcherSchema>["launcher"];

/** Options of the Slurm launcher. */
export type SlurmLauncher = Extract<Launcher, { kind: "slurm" }>;

/** Whether the override is launcher=… or launcher.key=…. */
const isLauncherKey = ({ key }: Override): boolean =>
  key === "launcher" || key.startsWith("launcher.");

/**
 * Returns the launcher of the overrides (default: the preset "local"). Throws ConfigError "sweep"
 * for lists and, without `multirun`, for all but launcher=local; else as `compose` and `validate`.
 */
function resolveLauncher(overrides: readonly Override[], multirun: boolean): Launcher {
  for (const override of overrides) refuse(override, multirun);
  const [chosen = {}] = expandSweep(overrides, false);
  const { config } = compose({ name: "launcher", base: {}, overrides: flatten(chosen) });
  return validate(launcherSchema, config).launcher;
}

function refuse({ key, values }: Override, multirun: boolean): void {
  const word = `${key}=${values.map(printValue).join(",")}`;
  if (!multirun && word !== "launcher=local")
    throw new ConfigError(
      `${word} is for sweeps: add -m (a sweep may have one run), or leave it out`,
      "sweep",
    );
}

// The whole way from the words of a command line to typed configurations, one for each run.

import type { z } from "zod";
import { ConfigError, mapReportingAll, quote, runReportingAll, withLines } from "./errors.js";
import { isLauncherWord, type Launcher, resolveLauncher } from "./launcher.js";
import { suggestion } from "./nearest.js";
import { type Composed, compose } from "./presets/compose.js";
import { bareListOf, defaultsOf, jsonSchema, schemaKeys } from "./schema/describe.js";
import { type CrossCheck, validate } from "./schema/validate.js";
import {
  type Aliases,
  aliasOverride,
  aliasTree,
  inTypedNames,
  typedValue,
} from "./tree/aliases.js";
import { interpolate } from "./tree/interpolate.js";
import { merge } from "./tree/tree.js";
import { parseArgv } from "./words/argv.js";
import { earlierDirname, overrideDirname } from "./words/name.js";
import { type Override, printOverride } from "./words/override.js";
import { expandSweep } from "./words/sweep.js";
import type { Tree } from "./words/value.js";

/** What an experiment is to the command line; `name` is also that of its preset file. */
export interface Experiment<S extends z.ZodType> {
  name: string;
  about: string;
  schema: S;
  check?: CrossCheck<z.output<S>>;
  /** Second names of its keys, on the command line and in files. */
  aliases?: Aliases;
  /** Values below all presets, over the defaults of the schema. */
  base?: Tree;
  /** Takes keys that the schema does not have out of a tree, in place; returns lines for people. Throws ConfigError. */
  take?: (tree: Tree) => string[];
  /** Keys that do not name the run's folder, beside seed and the folder of all runs. */
  unnamed?: readonly string[];
  /** Whether a launcher may be chosen for its sweeps. */
  launched?: boolean;
  /** Its keys at the root by subject, for help. */
  sections?: Readonly<Record<string, readonly string[]>>;
}

/** One run of a sweep, or the only one. */
export interface Member<C> {
  config: C;
  /** Its overrides as they can be typed. */
  words: string[];
  /** The folder level between the experiment and the seed. */
  dirname: string;
  /** The name of that level in earlier versions, where it was another. */
  earlier: string;
  choices: Composed["choices"];
  /** Lines about keys that were given and change nothing. */
  notes: string[];
}

export interface Resolved<C> {
  help: boolean;
  multirun: boolean;
  members: Member<C>[];
  /** How the members of a sweep are started. */
  launcher: Launcher;
  /** With --help: the value of each key with the presets and keys that were given. */
  values: Tree;
}

/** Where presets are, and what the program has beside them. */
export interface ResolveOptions {
  /** Folders of presets; without any the schema's defaults are all there is. */
  dirs?: readonly string[];
  /** Names of a registry, for `method`: each may be chosen where no preset has its name. */
  names?: Readonly<Record<string, readonly string[]>>;
}

const FOLDER_KEYS = ["seed", "experiments_dir", "paths.experiments_dir_name"];

/**
 * Resolves argv tokens (behind the experiment's name) to the runs that they ask for. With --help the members are
 * left empty. Throws ConfigError with the problems of launcher and all members, before any runs.
 */
export function resolve<S extends z.ZodType>(
  experiment: Experiment<S>,
  tokens: readonly string[],
  options: ResolveOptions = {},
): Resolved<z.output<S>> {
  const { dirs = [] } = options;
  const { overrides, multirun, help } = parseArgv(tokens);
  const isLauncher = (o: Override) => experiment.launched === true && isLauncherWord(o);
  const own = overrides.filter((override) => !isLauncher(override));
  const words = multirun ? own : own.map((override) => asList(experiment, override));
  if (help) {
    const [first = []] = expandSweep(words, { multirun: true });
    const values = interpolate(composed(experiment, first, options).config);
    return { help, multirun, members: [], values, launcher: { kind: "local", n_jobs: null } };
  }
  const [launcher, members] = runReportingAll(
    () => resolveLauncher(overrides.filter(isLauncher), { dirs, multirun }),
    () =>
      mapReportingAll(expandSweep(words, { multirun }), (member) =>
        resolveMember(experiment, member, options),
      ),
  );
  return { help, multirun, members, values: {}, launcher };
}

/** Without --multirun 1,2,2 and a,b are one list, for a key that takes such lists beside text. */
function asList<S extends z.ZodType>(
  { schema, aliases = {} }: Experiment<S>,
  override: Override,
): Override {
  const { sweep, values } = override;
  const isNumbers = values.every((value) => typeof value === "number");
  if (!sweep || !values.every((value) => ["number", "string"].includes(typeof value)))
    return override;
  const { key } = aliasOverride(aliases, override);
  const [, found] = schemaKeys(jsonSchema(schema)).find(([name]) => name === key) ?? [];
  const kind = found && bareListOf(found);
  return kind === "texts" || (kind === "numbers" && isNumbers)
    ? { ...override, values: [values], sweep: false }
    : override;
}

/** Defaults, presets and overrides in one tree. */
function composed<S extends z.ZodType>(
  { name, schema, base = {}, aliases = {} }: Experiment<S>,
  overrides: readonly Override[],
  { dirs = [], names = {} }: ResolveOptions,
): Composed {
  return compose({
    dirs,
    base: merge(defaultsOf(schema), base),
    overrides: overrides.map((override) => aliasOverride(aliases, override)),
    names,
    translate: (preset) => aliasTree(aliases, preset),
    ...(dirs.length > 0 && { name }),
  });
}

function resolveMember<S extends z.ZodType>(
  experiment: Experiment<S>,
  overrides: readonly Override[],
  options: ResolveOptions,
): Member<z.output<S>> {
  const { schema, check, take, aliases = {}, unnamed = [], launched = false } = experiment;
  const { config: composedTree, choices } = composed(experiment, overrides, options);
  const typed = [...Object.keys(choices), ...Object.keys(aliases)];
  const groups = launched ? [...typed, "launcher"] : typed;
  // Problems are reported under the names that are typed.
  return withLines(
    (line) => inTypedNames(aliases, line),
    () => {
      const tree = interpolate(composedTree);
      const [notes, config] = runReportingAll(
        () => take?.(tree) ?? [],
        () => validate(schema, tree, (given) => check?.(given, choices) ?? [], { groups }),
        () => checkNames(tree, experiment, options),
      );
      const exclude = [...FOLDER_KEYS, ...unnamed];
      return {
        config,
        words: overrides.map(printOverride),
        dirname: overrideDirname(overrides, { exclude }),
        earlier: earlierDirname(overrides, { exclude }),
        choices,
        notes,
      };
    },
  );
}

/** Values that must be names of a registry. */
function checkNames<S extends z.ZodType>(
  tree: Tree,
  { aliases = {} }: Experiment<S>,
  { names = {} }: ResolveOptions,
): void {
  for (const [key, known] of Object.entries(names)) {
    const value = tree[key];
    if (typeof value !== "string" || known.includes(value)) continue;
    const typed = known.map((name) => typedValue(aliases, key, name));
    const cure = suggestion(value, typed);
    throw new ConfigError("value", `${key}: unknown name ${quote(value)}, ${cure}`);
  }
}

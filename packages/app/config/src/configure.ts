// Overrides over presets and defaults: the configuration of a run, or of each run of a sweep.
import type { z } from "zod";
import { ConfigError, quote, suggestion, withLines } from "./errors.js";
import type { Experiment, Member } from "./experiment.js";
import { overrideDirname } from "./folder-name.js";
import { trainSchema } from "./keys/train.js";
import { isLauncherKey, type Launcher, resolveLauncher } from "./launcher.js";
import {
  expandSweep,
  type Override,
  type ParsedArguments,
  parseArguments,
  parseValues,
  printOverrides,
} from "./overrides.js";
import { type Composed, compose, presetGroups, type RegisteredNames } from "./presets.js";
import { jsonSchema } from "./schema/json-schema.js";
import { bareListOf, defaultsOf, schemaKeys } from "./schema/schema.js";
import { unknownKey, validate } from "./schema/validate.js";
import {
  type Aliases,
  flatten,
  inTypedNames,
  merge,
  type Overrides,
  printValue,
  readName,
  type Tree,
  typedValue,
  withoutAliases,
} from "./tree.js";

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

const folderKeys = ["seed", "experiments_dir", "paths.experiments_dir_name"];

/**
 * Merges overrides over presets and defaults, and checks the result. Keys are nested or dotted, under their own or
 * their second names; a group of presets takes a preset's name.
 * @throws {ConfigError} with a line for each problem.
 */
export function configure<S extends z.ZodType>(
  experiment: Experiment<S>,
  overrides: object,
  options: ConfigureOptions = {},
): Member<z.output<S>> {
  const { schema, check, take, unused, aliases = {}, unnamed = [], launched = false } = experiment;
  const names = { ...experiment.names, ...options.names };
  const base = flatten(options.base ?? {});
  const values = flatten(overrides);
  const all = { ...base, ...values };
  const { config: tree, choices, problems } = composeExperiment(experiment, all, options);
  const groups = [...Object.keys(choices), ...Object.keys(aliases)];
  if (launched) groups.push("launcher");
  return withLines(
    (line) => inTypedNames(aliases, withTypedPresets(line, { typed: all, tree })),
    () => {
      const notes = take?.(tree) ?? [];
      checkNames(tree, aliases, names);
      const config = validate(schema, tree, (value) => [...problems, ...(check?.(value) ?? [])], {
        groups,
        trained: trainedKeys,
      });
      const typed = withoutAliases(aliases, values);
      for (const [key, reason] of Object.entries(unused?.(config, Object.keys(typed)) ?? {}))
        notes.push(
          inTypedNames(
            aliases,
            `${key}=${printValue(typed[key] ?? null)} changes nothing: ${reason}`,
          ),
        );
      return {
        config,
        base,
        overrides: values,
        words: printOverrides(values),
        dirname: overrideDirname(all, [...folderKeys, ...unnamed]),
        choices,
        notes,
      };
    },
  );
}

/**
 * Reads a command line (behind the experiment's name) and configures all runs of it.
 * @throws {ConfigError} with the problems of launcher and all members.
 */
export function resolve<S extends z.ZodType>(
  experiment: Experiment<S>,
  tokens: readonly string[],
  options: ConfigureOptions = {},
): Resolved<z.output<S>> {
  return resolveArguments(experiment, parseArguments(tokens, options.options), options);
}

/**
 * Configures all runs of parsed arguments.
 * @throws as `resolve`.
 */
export function resolveArguments<S extends z.ZodType>(
  experiment: Experiment<S>,
  { overrides, multirun, all, ...asked }: ParsedArguments,
  options: ConfigureOptions = {},
): Resolved<z.output<S>> {
  const help = asked.help || all;
  const isLauncher = (one: Override) => experiment.launched === true && isLauncherKey(one);
  const settings = overrides
    .filter((one) => !isLauncher(one))
    .map((one) => withNames(experiment, one));
  const keys = multirun ? settings : settings.map((one) => asList(experiment, one));
  if (help) {
    const [first = {}] = expandSweep(keys, { multirun: true });
    const values = { ...flatten(options.base ?? {}), ...flatten(first) };
    const { config } = composeExperiment(experiment, values, options);
    return { help, all, members: [], values: config, launcher: thisMachine };
  }
  const launcher: Launcher = experiment.launched
    ? resolveLauncher(overrides.filter(isLauncher), { multirun })
    : thisMachine;
  const members = expandSweep(keys, { multirun }).map((member) =>
    configure(experiment, member, options),
  );
  return { help, all, members, values: {}, launcher };
}

/**
 * The overrides that give a key several values, and no list.
 * @throws {ConfigError} for an unknown key.
 */
export const sweptOverrides = <S extends z.ZodType>(
  experiment: Experiment<S>,
  overrides: readonly Override[],
): Override[] =>
  overrides.filter((one) => asList(experiment, withNames(experiment, one)).values.length > 1);

/** Replaces names of registries, method=rectifiedflow, by the presets that the user wrote, method=otcfm. */
function withTypedPresets(line: string, { typed, tree }: { typed: Overrides; tree: Tree }): string {
  return Object.entries(typed).reduce((text, [key, preset]) => {
    const name = tree[key];
    if (typeof name !== "string" || typeof preset !== "string" || name === preset) return text;
    return text.replaceAll(new RegExp(`\\b${key}=${name}\\b`, "g"), `${key}=${preset}`);
  }, line);
}

/** The keys of training in groups, such as data.where. */
const trainedKeys = (): string[] =>
  schemaKeys(jsonSchema(trainSchema))
    .map(([key]) => key)
    .filter((key) => key.includes("."));

/** The schema of a key or of its second name; undefined for unknown keys. */
function schemaOf<S extends z.ZodType>({ schema, aliases = {} }: Experiment<S>, key: string) {
  const [name = key] = Object.keys(withoutAliases(aliases, { [key]: null }));
  const known = schemaKeys(jsonSchema(schema)).find(([one]) => one === name);
  return { name, inner: known?.[1] };
}

/** Keeps names and cells as the user wrote them: data.source=1E2 is no number. */
function withNames<S extends z.ZodType>(experiment: Experiment<S>, override: Override): Override {
  const { key, text } = override;
  if (!schemaOf(experiment, key).inner?.asWritten) return override;
  return { ...override, values: parseValues(text, `${key}=${text}`, readName) };
}

/**
 * Without --multirun 1,2,2 and a,b are one list, for a key that takes such lists.
 * @throws {ConfigError} for an unknown key.
 */
function asList<S extends z.ZodType>(experiment: Experiment<S>, override: Override): Override {
  const { name: command, schema, aliases = {} } = experiment;
  const { key, values } = override;
  const isAll = (...types: string[]) => values.every((value) => types.includes(typeof value));
  if (values.length === 1 || !isAll("number", "string")) return override;
  const json = jsonSchema(schema);
  const { name, inner } = schemaOf(experiment, key);
  const groups = presetGroups(command).map((group) => group.name);
  if (!inner && !Object.hasOwn(json.properties ?? {}, name) && !groups.includes(name))
    throw new ConfigError(
      unknownKey(json, {}, key, {
        groups: [...groups, ...Object.keys(aliases)],
        trained: trainedKeys,
      }),
      "unknown_key",
    );
  const kind = inner && bareListOf(inner);
  const isList = kind === "texts" || (kind === "numbers" && isAll("number"));
  return isList ? { ...override, values: [values] } : override;
}

function composeExperiment<S extends z.ZodType>(
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

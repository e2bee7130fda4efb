import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { alignColumns } from "@dsbm/files";
import { ConfigError, quote, suggestion } from "./errors.js";
import {
  type Aliases,
  merge,
  type Overrides,
  printValue,
  readYaml,
  type Tree,
  type Value,
  withoutAliases,
} from "./tree.js";

const folder = fileURLToPath(new URL("../conf", import.meta.url));

const fileOf = (preset: string): string => join(folder, `${preset}.yaml`);

/** Parsed files: parsing takes most of the time of `configure`. */
const files: Record<string, Tree> = {};

interface PresetFile {
  options: Tree;
  /** Names of files, { group: preset }, and "_self_", the place of the file's own keys (last by default). */
  defaults: (string | Tree)[];
  /** Keys without which the preset is another method: they keep its values. */
  fixed: string[];
}

function readPreset(preset: string): PresetFile {
  files[preset] ??= readYaml(readFileSync(fileOf(preset), "utf8"), fileOf(preset));
  const { defaults = [], fixed = [], ...options } = structuredClone(files[preset]);
  const entries = defaults as (string | Tree)[];
  return {
    options,
    fixed: fixed as string[],
    defaults: entries.includes("_self_") ? entries : [...entries, "_self_"],
  };
}

/** The sorted presets of a group. Names that begin with "_" are parts of other presets. */
function presetNames(group: string): string[] {
  return readdirSync(join(folder, group))
    .flatMap((file) => /^[^_].*(?=\.yaml$)/.exec(file) ?? [])
    .sort();
}

/** Names of registries by group or key, each with the options that a name sets. */
export type RegisteredNames = Readonly<Record<string, Readonly<Record<string, Tree>>>>;

interface ComposeOptions {
  /** The preset to start from; a command without such a file has no presets. */
  name: string;
  base: Tree;
  overrides: Overrides;
  /** A name of a group works like a preset: over the group's default one, unless its options hold the whole group. */
  names?: RegisteredNames;
  aliases?: Aliases;
}

/** A configuration and the presets that it is made of. */
export interface Composed {
  /** Defaults, presets and overrides together. */
  config: Tree;
  /** The preset of each group, null if the group was dropped. */
  choices: Record<string, string | null>;
  /** A line for each override of a key that its preset fixes. */
  problems: string[];
}

/**
 * Composes base, presets and overrides. If two files choose from one group, the first counts.
 * @throws {ConfigError} "preset" for an unknown name.
 */
export function compose({
  name,
  base,
  overrides,
  names = {},
  aliases = {},
}: ComposeOptions): Composed {
  const choices: Composed["choices"] = {};
  const fixed = new Map<string, string>();
  /** `option`: the preset as typed, method=otcfm. */
  const visit = (preset: string, option?: string): Tree => {
    const { options, defaults, ...file } = readPreset(preset);
    for (const key of file.fixed) fixed.set(key, option ?? preset);
    const absolute = (path: string) =>
      path.startsWith("/") ? path.slice(1) : posix.join(posix.dirname(preset), path);
    const parts = defaults.flatMap((entry) => {
      if (entry === "_self_") return [options];
      if (typeof entry === "string") return [visit(absolute(entry), option)];
      return Object.entries(entry).map(([group, value]) => choose(absolute(group), value));
    });
    return parts.reduce<Tree>((tree, part) => merge(tree, part), {});
  };
  /** The preset of a group, unless an earlier file or an override chooses another. */
  const choose = (group: string, standard: Value): Tree => {
    if (Object.hasOwn(choices, group)) return {};
    const choice = overrides[group] === undefined ? standard : overrides[group];
    choices[group] = choice === null ? null : printValue(choice);
    if (choice === null) return {};
    const preset = `${group}/${printValue(choice)}`;
    if (!preset.slice(group.length + 1).includes("/") && existsSync(fileOf(preset)))
      return visit(preset, `${group}=${choice}`);
    const registered = names[group] ?? {};
    if (standard !== null && Object.hasOwn(registered, `${choice}`)) {
      const options = registered[`${choice}`];
      if (group in options) return options;
      return merge(visit(`${group}/${standard}`), { [group]: choice, ...options });
    }
    const known = new Set([...presetNames(group), ...Object.keys(registered)]);
    const cure = suggestion(`${choice}`, [...known]);
    throw new ConfigError(`no preset ${quote(preset)}: ${cure}`, "preset");
  };
  const presets = existsSync(fileOf(name)) ? withoutAliases(aliases, visit(name)) : {};
  const rest = Object.entries(overrides).filter(([key]) => !Object.hasOwn(choices, key));
  const standard = merge(base, presets);
  const config = merge(standard, Object.fromEntries(rest));
  return { config, choices, problems: fixedProblems({ fixed, standard, config }) };
}

function fixedProblems({
  fixed,
  standard,
  config,
}: {
  /** The preset of each fixed key. */
  fixed: ReadonlyMap<string, string>;
  standard: Tree;
  config: Tree;
}): string[] {
  return [...fixed]
    .filter(([key]) => config[key] !== standard[key])
    .map(
      ([key, option]) =>
        `${option} has ${key}=${printValue(standard[key])}, got ${key}=${printValue(config[key])}: leave ${key} out, or write another preset (--help lists them)`,
    );
}

/** A group of presets, such as dataset or model. */
export interface Group {
  /** As typed: name=preset. */
  name: string;
  /** The preset without a choice. */
  standard: string | null;
  /** Their names, with the comment at the top of each file. */
  presets: { name: string; about: string }[];
}

/** Returns the groups that the preset `name` chooses from, the default of each first. */
export function presetGroups(name: string): Group[] {
  if (!existsSync(fileOf(name))) return [];
  return readPreset(name).defaults.flatMap((entry) => {
    if (entry === "_self_") return [];
    if (typeof entry === "string") return presetGroups(entry);
    return Object.entries(entry).map(([group, value]) => {
      const standard = value === null ? null : String(value);
      const sorted = presetNames(group).sort(
        (a, b) => Number(b === standard) - Number(a === standard),
      );
      return { name: group, standard, presets: sorted.map((one) => aboutPreset(group, one)) };
    });
  });
}

/** The comment at the top of a preset. */
function aboutPreset(group: string, name: string): Group["presets"][number] {
  const [comment = ""] = /^(#.*\n)*/.exec(readFileSync(fileOf(`${group}/${name}`), "utf8")) ?? [];
  return { name, about: comment.replace(/^# ?/gm, "").trim().replaceAll("\n", " ") };
}

/** Writes a row for each preset, the default first and marked. */
export function groupTable(groups: readonly Group[]): string {
  const rows = groups.flatMap(({ name: group, presets, standard }) =>
    presets.map(({ name, about }) => [
      `${group}=${name}`,
      name === standard ? `${about} (the default)` : about,
    ]),
  );
  return alignColumns(rows).join("\n");
}

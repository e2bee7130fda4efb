// The presets of --help: file names, and the comment at the top of each file.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { wrap } from "../schema/help.js";
import { isTree, type Value } from "../text/value.js";
import { readYaml } from "../tree/yaml.js";

export interface Group {
  /** As typed: name=preset. */
  name: string;
  standard: string | null;
  presets: { name: string; about: string }[];
}

/** Returns the path of a preset's file, or undefined if no folder has the file. */
export function presetFile(dirs: readonly string[], name: string): string | undefined {
  return dirs.map((dir) => join(dir, `${name}.yaml`)).find((path) => existsSync(path));
}

/** Returns the sorted names of the presets in a folder. Names that begin with "_" are parts of other presets. */
export function presetNames(dirs: readonly string[], folder: string): string[] {
  const paths = dirs.map((dir) => join(dir, folder)).filter((path) => existsSync(path));
  const files = paths.flatMap((path) => readdirSync(path));
  const presets = files.filter((file) => file.endsWith(".yaml") && !file.startsWith("_"));
  return [...new Set(presets.map((file) => file.slice(0, -".yaml".length)))].sort();
}

/** Returns the groups that the preset `name` chooses from. Throws ConfigError "yaml". */
export function presetGroups(dirs: readonly string[], name: string): Group[] {
  const file = presetFile(dirs, name);
  if (file === undefined) return [];
  const { defaults = [] } = readYaml(readFileSync(file, "utf8"), file);
  const entries = Array.isArray(defaults) ? defaults.filter((entry) => entry !== "_self_") : [];
  return entries.flatMap((entry) => {
    if (typeof entry === "string") return presetGroups(dirs, entry);
    if (!isTree(entry)) return [];
    return Object.entries(entry).map(([group, standard]) => groupOf(dirs, group, standard));
  });
}

function groupOf(dirs: readonly string[], group: string, value: Value): Group {
  const standard = value === null ? null : String(value);
  const presets = presetNames(dirs, group).map((name) => ({
    name,
    about: about(readFileSync(presetFile(dirs, `${group}/${name}`) ?? "", "utf8")),
  }));
  const rank = ({ name }: { name: string }) => (name === standard ? 0 : 1);
  return { name: group, standard, presets: presets.sort((a, b) => rank(a) - rank(b)) };
}

function about(text: string): string {
  const lines = text.split("\n");
  const end = lines.findIndex((line) => !line.startsWith("#"));
  const comment = lines.slice(0, end < 0 ? lines.length : end);
  return comment.map((line) => line.slice(1).trim()).join(" ");
}

/** Writes a row for each preset, the default first and marked, wrapped at `width`. */
export function groupTable(groups: readonly Group[], width = Number.POSITIVE_INFINITY): string {
  const rows = groups.flatMap(({ name: group, presets, standard }) =>
    presets.map(({ name, about }) => ({
      word: `${group}=${name}`,
      meaning: `${about}${name === standard ? " (the default)" : ""}`,
    })),
  );
  const first = Math.max(0, ...rows.map(({ word }) => word.length)) + 2;
  const lines = rows.map(({ word, meaning }) => {
    const wrapped = wrap(meaning, Math.max(20, width - first));
    return `${word.padEnd(first)}${wrapped.join(`\n${" ".repeat(first)}`)}`.trimEnd();
  });
  return lines.join("\n");
}

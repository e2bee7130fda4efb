// --help lists the presets that there are to choose from: names are the files', and the comment that opens each file
// describes it.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { wrap } from "../schema/help.js";
import { readYaml } from "../tree/yaml.js";
import { isTree, type Value } from "../words/value.js";

export interface Group {
  /** As it is typed: name=preset. */
  name: string;
  /** The preset of the default, null for none. */
  standard: string | null;
  presets: { name: string; about: string }[];
}

/** The file of a preset; undefined where no folder has it. */
export function presetFile(dirs: readonly string[], name: string): string | undefined {
  return dirs.map((dir) => join(dir, `${name}.yaml`)).find((path) => existsSync(path));
}

/** The names of the presets in a folder, but those that begin with "_" (parts of others), in order. */
export function presetNames(dirs: readonly string[], folder: string): string[] {
  const paths = dirs.map((dir) => join(dir, folder)).filter((path) => existsSync(path));
  const files = paths.flatMap((path) => readdirSync(path));
  const presets = files.filter((file) => file.endsWith(".yaml") && !file.startsWith("_"));
  return [...new Set(presets.map((file) => file.slice(0, -".yaml".length)))].sort();
}

/** The groups that the preset file `name` chooses from, the standard preset of each first. Throws ConfigError "yaml". */
export function presetGroups(dirs: readonly string[], name: string): Group[] {
  const file = presetFile(dirs, name);
  if (file === undefined) return [];
  const { defaults = [] } = readYaml(readFileSync(file, "utf8"), file);
  const entries = Array.isArray(defaults) ? defaults.filter((entry) => entry !== "_self_") : [];
  return entries.flatMap((entry) => {
    if (typeof entry === "string") return presetGroups(dirs, entry);
    if (!isTree(entry)) return [];
    return Object.entries(entry).map(([group, pick]) => presetGroup(dirs, group, pick));
  });
}

/** One group with all its presets, `pick` the standard one. */
export function presetGroup(dirs: readonly string[], group: string, pick: Value): Group {
  const standard = pick === null ? null : String(pick);
  const presets = presetNames(dirs, group).map((name) => ({
    name,
    about: about(readFileSync(presetFile(dirs, `${group}/${name}`) ?? "", "utf8")),
  }));
  const rank = ({ name }: { name: string }) => (name === standard ? 0 : 1);
  return { name: group, standard, presets: presets.sort((a, b) => rank(a) - rank(b)) };
}

/** The comment that opens a preset file, up to the first line that is none. */
function about(text: string): string {
  const lines = text.split("\n");
  const end = lines.findIndex((line) => !line.startsWith("#"));
  const comment = lines.slice(0, end < 0 ? lines.length : end);
  return comment.map((line) => line.slice(1).trim()).join(" ");
}

/** A row for each preset, the standard one of its group marked, wrapped at `width`; empty text without groups. */
export function groupTable(groups: readonly Group[], width = Number.POSITIVE_INFINITY): string {
  const words = groups.map(({ name, presets }) => presets.map((p) => `${name}=${p.name}`));
  const first = Math.max(0, ...words.flat().map((word) => word.length)) + 2;
  const lines = groups.flatMap(({ presets, standard }, i) =>
    presets.map(({ name, about }, j) => {
      const mark = name === standard ? " (the default)" : "";
      const meaning = wrap(`${about}${mark}`, Math.max(20, width - first));
      return `${words[i]?.[j]?.padEnd(first) ?? ""}${meaning.join(`\n${" ".repeat(first)}`)}`.trimEnd();
    }),
  );
  return lines.join("\n");
}

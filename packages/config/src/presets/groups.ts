// Why: --help must say which presets there are to choose from, and must not be a second list of
// them: names are the files', and each file opens with a comment that says what it is.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readYaml } from "../tree/yaml.js";
import { isTree, type Value } from "../words/value.js";

export interface Group {
  /** As it is typed: name=preset. */
  name: string;
  /** The preset taken when nothing is said, null for none. */
  standard: string | null;
  presets: { name: string; about: string }[];
}

/**
 * The groups that the preset file `name` chooses from, with all presets of each but those whose
 * names begin with "_" (parts of others), the standard one first. Throws ConfigError "yaml".
 */
export function presetGroups(dirs: readonly string[], name: string): Group[] {
  const file = dirs.map((dir) => join(dir, `${name}.yaml`)).find((path) => existsSync(path));
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
  const presets = new Map<string, string>();
  for (const folder of dirs.map((dir) => join(dir, group)).filter((path) => existsSync(path))) {
    for (const file of readdirSync(folder).sort()) {
      const name = file.slice(0, -".yaml".length);
      if (!file.endsWith(".yaml") || name.startsWith("_") || presets.has(name)) continue;
      presets.set(name, about(readFileSync(join(folder, file), "utf8")));
    }
  }
  const rows = [...presets].map(([name, about]) => ({ name, about }));
  const rank = ({ name }: { name: string }) => (name === standard ? 0 : 1);
  return { name: group, standard, presets: rows.sort((a, b) => rank(a) - rank(b)) };
}

/** The comment that opens a preset file, up to the first line that is none. */
function about(text: string): string {
  const lines = text.split("\n");
  const end = lines.findIndex((line) => !line.startsWith("#"));
  const comment = lines.slice(0, end < 0 ? lines.length : end);
  return comment.map((line) => line.slice(1).trim()).join(" ");
}

/** A line for each preset, the standard one of its group marked; empty text without groups. */
export function groupTable(groups: readonly Group[]): string {
  const words = groups.map(({ name, presets }) => presets.map((p) => `${name}=${p.name}`));
  const width = Math.max(0, ...words.flat().map((word) => word.length)) + 2;
  const lines = groups.flatMap(({ presets, standard }, i) =>
    presets.map(({ name, about }, j) => {
      const mark = name === standard ? " (the default)" : "";
      return `${words[i]?.[j]?.padEnd(width) ?? ""}${about}${mark}`.trimEnd();
    }),
  );
  return lines.join("\n");
}

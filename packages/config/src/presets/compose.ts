// A configuration is composed of small preset files: a file names others in its `defaults:` list, groups (folders) are
// chosen with group=name, and later files win.

import { readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { ConfigError, mapReportingAll, quote } from "../errors.js";
import { suggestion } from "../nearest.js";
import { applyOverride, singleValue } from "../tree/apply.js";
import { merge } from "../tree/tree.js";
import { readYaml } from "../tree/yaml.js";
import type { Override } from "../words/override.js";
import { isTree, printValue, type Tree, type Value } from "../words/value.js";
import { presetFile, presetNames } from "./groups.js";

export interface ComposeOptions {
  /** Folders with presets; the first that has a file wins. */
  dirs: readonly string[];
  /** The preset to start from, without ".yaml"; nothing but `base` when left out. */
  name?: string;
  /** Values below all presets, such as a schema's defaults. */
  base?: Tree;
  overrides?: readonly Override[];
  /** Names that groups take beside their presets: such a choice sets the standard preset's keys, and group: name. */
  names?: Readonly<Record<string, readonly string[]>>;
  /** What becomes of the keys of the preset files (default: nothing). */
  translate?: (preset: Tree) => Tree;
}

export interface Composed {
  config: Tree;
  /** The preset taken from each group, null where a group was switched off. */
  choices: Record<string, string | null>;
}

/**
 * Composes presets and overrides. In a `defaults:` list "name" is a file beside this one, "group:
 * name" a file of a group's folder ("/group" from the top, null for none), and "_self_" the place
 * of this file's own keys (last when absent). Everything merges at the root. group=name changes a
 * choice, +group=name adds one, ~group drops one; all other overrides are applied afterwards. Where
 * two files choose from the same group, the first one counts: a preset that is listed early may
 * bring along what goes well with it.
 * Throws ConfigError "preset", "yaml", "cycle" and those of applyOverride, all problems at once.
 */
export function compose(options: ComposeOptions): Composed {
  const { dirs, name, base = {}, overrides = [], names = {} } = options;
  const { translate = (preset) => preset } = options;
  const walk = new Walk(dirs, overrides, names);
  let config = merge({}, base);
  if (name !== undefined) config = merge(config, translate(walk.visit(name, [])));
  for (const override of overrides) {
    const adds = override.kind === "add" || override.kind === "force";
    if (!adds || walk.used.has(override) || !walk.isGroup(override.key)) continue;
    walk.used.add(override);
    config = merge(config, walk.choose(override.key, singleValue(override) ?? null, []));
  }
  const rest = overrides.filter((override) => !walk.used.has(override));
  mapReportingAll(rest, (override) => applyOverride(config, override));
  return { config, choices: walk.choices };
}

class Walk {
  readonly choices: Record<string, string | null> = {};
  /** Overrides that turned out to choose a preset. */
  readonly used = new Set<Override>();

  constructor(
    private readonly dirs: readonly string[],
    private readonly overrides: readonly Override[],
    private readonly added: Readonly<Record<string, readonly string[]>>,
  ) {}

  isGroup(key: string): boolean {
    return this.dirs.some((dir) =>
      statSync(join(dir, key), { throwIfNoEntry: false })?.isDirectory(),
    );
  }

  visit(name: string, above: readonly string[]): Tree {
    if (above.includes(name)) {
      throw new ConfigError(
        "cycle",
        `presets include each other in a circle: ${[...above, name].join(" -> ")}`,
      );
    }
    const file = this.find(name);
    const { defaults = [], ...self } = readYaml(readPreset(file), file);
    if (!Array.isArray(defaults)) {
      throw new ConfigError(
        "preset",
        `${file}: "defaults" must be a list, got ${printValue(defaults)}`,
      );
    }
    const entries = defaults.includes("_self_") ? defaults : [...defaults, "_self_"];
    let config: Tree = {};
    for (const entry of entries) {
      const part = entry === "_self_" ? self : this.entry(entry, file, name, [...above, name]);
      config = merge(config, part);
    }
    return config;
  }

  /** The preset of a group, unless it is chosen already or an override chooses another one. */
  choose(group: string, preset: Value, above: readonly string[]): Tree {
    if (Object.hasOwn(this.choices, group)) return {};
    let choice = preset;
    for (const override of this.overrides) {
      if (override.key !== group) continue;
      this.used.add(override);
      choice = override.kind === "delete" ? null : (singleValue(override) ?? null);
    }
    if (choice !== null && typeof choice !== "string" && typeof choice !== "number") {
      throw new ConfigError(
        "preset",
        `${group}=${printValue(choice)}: expected the name of a preset in ${group}/`,
      );
    }
    this.choices[group] = choice === null ? null : `${choice}`;
    if (choice === null) return {};
    const named = this.added[group]?.includes(`${choice}`) && preset !== null;
    if (!named || presetFile(this.dirs, `${group}/${choice}`) !== undefined)
      return this.visit(`${group}/${choice}`, above);
    return merge(this.visit(`${group}/${preset}`, above), { [group]: choice });
  }

  private entry(entry: Value, file: string, name: string, above: readonly string[]): Tree {
    const folder = posix.dirname(name);
    const absolute = (path: string) =>
      path.startsWith("/") ? path.slice(1) : posix.join(folder, path);
    if (typeof entry === "string") return this.visit(absolute(entry), above);
    const [pair, ...more] = isTree(entry) ? Object.entries(entry) : [];
    if (pair === undefined || more.length > 0) {
      throw new ConfigError(
        "preset",
        `${file}: cannot read the defaults entry ${printValue(entry)}: expected "- group: name" or "- name"`,
      );
    }
    return this.choose(absolute(pair[0]), pair[1], above);
  }

  private find(name: string): string {
    const inside = /^[\w.@+-]+(?:\/[\w.@+-]+)*$/.test(name) && !name.split("/").includes("..");
    const file = inside ? presetFile(this.dirs, name) : undefined;
    if (file !== undefined) return file;
    const folder = posix.dirname(name);
    const known = inside ? [...presetNames(this.dirs, folder), ...(this.added[folder] ?? [])] : [];
    const cure = suggestion(posix.basename(name), known);
    const where = this.dirs.map((dir) => join(dir, folder)).join(", ");
    throw new ConfigError("preset", `no preset ${quote(name)} in ${where || "no folder"}: ${cure}`);
  }
}

function readPreset(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError("preset", `cannot read the preset ${file}: ${reason}`, { cause: error });
  }
}

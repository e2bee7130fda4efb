import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { ConfigError, quote } from "../errors.js";
import { suggestion } from "../nearest.js";
import { isTree, type Overrides, printValue, type Tree, type Value } from "../text/value.js";
import { type Aliases, withoutAliases } from "../tree/aliases.js";
import { merge } from "../tree/tree.js";
import { readYaml } from "../tree/yaml.js";
import { presetFile, presetNames } from "./groups.js";

interface ComposeOptions {
  dirs: readonly string[];
  /** The preset to start from, without ".yaml". */
  name: string;
  base: Tree;
  overrides: Overrides;
  names?: Readonly<Record<string, readonly string[]>>;
  aliases?: Aliases;
}

export interface Composed {
  config: Tree;
  /** The preset of each group, null if the group was dropped. */
  choices: Record<string, string | null>;
}

/**
 * Composes base, presets and overrides. In a `defaults:` list "name" is a file next to this one,
 * "group: name" a file of a group's folder ("/group" from the top, null for none), and "_self_" the
 * place of this file's own keys (last by default). If two files choose from one group, the first
 * counts. Throws ConfigError "preset", "yaml", "cycle", and as `setPath`.
 */
export function compose(options: ComposeOptions): Composed {
  const { dirs, name, base, overrides, names = {}, aliases = {} } = options;
  const walk = new Walk(dirs, overrides, names);
  const presets = dirs.length === 0 ? {} : withoutAliases(aliases, walk.visit(name, []));
  const { choices } = walk;
  const rest = Object.entries(overrides).filter(([key]) => !Object.hasOwn(choices, key));
  return { config: merge(merge(base, presets), Object.fromEntries(rest)), choices };
}

class Walk {
  readonly choices: Record<string, string | null> = {};

  constructor(
    private readonly dirs: readonly string[],
    private readonly overrides: Overrides,
    private readonly names: Readonly<Record<string, readonly string[]>>,
  ) {}

  visit(name: string, above: readonly string[]): Tree {
    if (above.includes(name)) {
      const circle = [...above, name].join(" -> ");
      throw new ConfigError("cycle", `presets include each other in a circle: ${circle}`);
    }
    const file = this.find(name);
    const { defaults = [], ...self } = readYaml(readFileSync(file, "utf8"), file);
    if (!Array.isArray(defaults))
      throw new ConfigError(
        "preset",
        `${file}: "defaults" must be a list, got ${printValue(defaults)}`,
      );
    const entries = defaults.includes("_self_") ? defaults : [...defaults, "_self_"];
    return entries.reduce<Tree>((config, entry) => {
      const part = entry === "_self_" ? self : this.entry(entry, file, name, [...above, name]);
      return merge(config, part);
    }, {});
  }

  private entry(entry: Value, file: string, name: string, above: readonly string[]): Tree {
    const absolute = (path: string) =>
      path.startsWith("/") ? path.slice(1) : posix.join(posix.dirname(name), path);
    if (typeof entry === "string") return this.visit(absolute(entry), above);
    const [pair, ...more] = isTree(entry) ? Object.entries(entry) : [];
    if (pair === undefined || more.length > 0)
      throw new ConfigError(
        "preset",
        `${file}: cannot read the defaults entry ${printValue(entry)}: expected "- group: name" or "- name"`,
      );
    return this.choose(absolute(pair[0]), pair[1], above);
  }

  /** The preset of a group, unless an earlier file or an override chooses another. */
  private choose(group: string, standard: Value, above: readonly string[]): Tree {
    if (Object.hasOwn(this.choices, group)) return {};
    const choice = Object.hasOwn(this.overrides, group)
      ? (this.overrides[group] as Value)
      : standard;
    if (choice !== null && typeof choice !== "string" && typeof choice !== "number")
      throw new ConfigError(
        "preset",
        `${group}=${printValue(choice)}: expected the name of a preset in ${group}/`,
      );
    this.choices[group] = choice === null ? null : `${choice}`;
    if (choice === null) return {};
    const preset = `${group}/${choice}`;
    const isName = this.names[group]?.includes(`${choice}`) && standard !== null;
    if (!isName || presetFile(this.dirs, preset) !== undefined) return this.visit(preset, above);
    return merge(this.visit(`${group}/${standard}`, above), { [group]: choice });
  }

  private find(name: string): string {
    const isInside = /^[\w.@+-]+(?:\/[\w.@+-]+)*$/.test(name) && !name.split("/").includes("..");
    const file = isInside ? presetFile(this.dirs, name) : undefined;
    if (file !== undefined) return file;
    const folder = posix.dirname(name);
    const known = isInside
      ? [...presetNames(this.dirs, folder), ...(this.names[folder] ?? [])]
      : [];
    const cure = suggestion(posix.basename(name), known);
    const where = this.dirs.map((dir) => join(dir, folder)).join(", ");
    throw new ConfigError("preset", `no preset ${quote(name)} in ${where}: ${cure}`);
  }
}

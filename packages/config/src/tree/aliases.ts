// Second names of keys: those of the reference's scripts beside the schema's. Words and files are translated before they
// are checked, and messages are translated back to the names that were typed.

import type { Override } from "../words/override.js";
import type { Tree, Value } from "../words/value.js";
import { deletePath, getPath, merge, setPath } from "./tree.js";

/** The key of a second name, and what its values are there; values that are not listed stay as they are. */
interface Alias {
  key: string;
  values?: Readonly<Record<string, Value>>;
  value?: (given: Value) => Value;
  /** Whether help and messages use this name instead of the key (default: yes). */
  shown?: boolean;
}

/** Second names of keys, dotted where the names are. */
export type Aliases = Readonly<Record<string, string | Alias>>;

const aliasOf = (aliases: Aliases, name: string): Alias | undefined => {
  const found = Object.hasOwn(aliases, name) ? aliases[name] : undefined;
  return typeof found === "string" ? { key: found } : found;
};

function translated({ values = {}, value = (given) => given }: Alias, given: Value): Value {
  const known = typeof given === "string" && Object.hasOwn(values, given);
  return known ? (values[given] as Value) : value(given);
}

/** An override under the key of its name, in the same form and with the same number of values. */
export function aliasOverride(aliases: Aliases, override: Override): Override {
  const alias = aliasOf(aliases, override.key);
  if (alias === undefined) return override;
  return {
    ...override,
    key: alias.key,
    values: override.values.map((value) => translated(alias, value)),
  };
}

/** A copy of a tree with every second name replaced by its key. */
export function aliasTree(aliases: Aliases, tree: Tree): Tree {
  const out = merge({}, tree);
  for (const name of Object.keys(aliases)) {
    const given = getPath(out, name);
    const alias = aliasOf(aliases, name);
    if (given === undefined || alias === undefined) continue;
    deletePath(out, name);
    setPath(out, alias.key, translated(alias, given));
  }
  return out;
}

/** The name of a key in help and messages: its second name, or the key itself where it has none. */
export function typedName(aliases: Aliases, key: string): string {
  const shown = (name: string) => {
    const alias = aliasOf(aliases, name);
    return alias?.key === key && alias.shown !== false;
  };
  return Object.keys(aliases).find(shown) ?? key;
}

/** What is typed for a value of a key, where a second name has other values. */
export function typedValue(aliases: Aliases, key: string, value: string): string {
  const { values = {} } = aliasOf(aliases, typedName(aliases, key)) ?? {};
  return Object.entries(values).find(([, meant]) => meant === value)?.[0] ?? value;
}

/** A message with the second names of keys instead of the keys. */
export function inTypedNames(aliases: Aliases, line: string): string {
  const keys = [...new Set(Object.keys(aliases).map((name) => aliasOf(aliases, name)?.key ?? ""))];
  return keys.reduce((text, key) => {
    const name = typedName(aliases, key);
    const pattern = new RegExp(
      String.raw`(?<![\w.])${key.replaceAll(".", "\\.")}(?![\w.]*\w)`,
      "g",
    );
    return name === key ? text : text.replace(pattern, name);
  }, line);
}

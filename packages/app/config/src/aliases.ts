import { flatten, type Overrides, type Value } from "./tree.js";

interface Alias {
  key: string;
  values?: Readonly<Record<string, Value>>;
  value?: (value: Value) => Value;
  /** Whether help and messages show this name instead of the key (default: yes). */
  shown?: boolean;
}

/** The key of each second name, both dotted. */
export type Aliases = Readonly<Record<string, string | Alias>>;

const aliasOf = (aliases: Aliases, name: string): Alias | undefined => {
  const alias = Object.hasOwn(aliases, name) ? aliases[name] : undefined;
  return typeof alias === "string" ? { key: alias } : alias;
};

/** Returns the values of a tree by the schema's dotted keys. */
export function withoutAliases(aliases: Aliases, tree: object): Overrides {
  const entries = Object.entries(flatten(tree)).map(([name, given]): [string, Value] => {
    const alias = aliasOf(aliases, name);
    if (alias === undefined) return [name, given];
    const { key, values = {}, value = (same: Value) => same } = alias;
    const isListed = typeof given === "string" && Object.hasOwn(values, given);
    return [key, isListed ? values[given] : value(given)];
  });
  return Object.fromEntries(entries);
}

export function typedName(aliases: Aliases, key: string): string {
  const isShown = (name: string) => {
    const alias = aliasOf(aliases, name);
    return alias?.key === key && alias.shown !== false;
  };
  return Object.keys(aliases).find(isShown) ?? key;
}

/** Spells a value for its key in help and messages. */
export function typedValue(aliases: Aliases, key: string, value: string): string {
  const { values = {} } = aliasOf(aliases, typedName(aliases, key)) ?? {};
  return Object.entries(values).find(([, meant]) => meant === value)?.[0] ?? value;
}

export function inTypedNames(aliases: Aliases, line: string): string {
  const keys = new Set(Object.keys(aliases).map((name) => aliasOf(aliases, name)?.key ?? ""));
  return [...keys].reduce((text, key) => {
    const name = typedName(aliases, key);
    const pattern = String.raw`(?<![\w.])${key.replaceAll(".", "\\.")}(?![\w.]*\w)`;
    return name === key ? text : text.replace(new RegExp(pattern, "g"), name);
  }, line);
}

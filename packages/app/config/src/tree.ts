// Configurations as trees of values: their text, their dotted keys and YAML.
import { Document, isScalar, isSeq, parse, visit } from "yaml";
import { ConfigError, quote } from "./errors.js";

/** A value of a configuration, as YAML has it. */
export type Value = null | boolean | number | string | Value[] | Tree;

/** An object of configuration values. */
export interface Tree {
  [key: string]: Value;
}

/** One value for each dotted key. */
export type Overrides = Readonly<Record<string, Value>>;

/** Whether the value is an object. */
export function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const numberPattern = /^[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
const constantWords: Record<string, Value> = {
  null: null,
  true: true,
  false: false,
  nan: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  "+inf": Number.POSITIVE_INFINITY,
  "-inf": Number.NEGATIVE_INFINITY,
};

/**
 * Returns the value of unquoted text: null, true, false or a number in any case, or else the text.
 * 007 and 1.2.3 are text, and so are whole numbers beyond ±2^53, which would lose digits.
 */
export function readWord(word: string): Value {
  const lower = word.toLowerCase();
  if (Object.hasOwn(constantWords, lower)) return constantWords[lower];
  const digits = word.replace(/(?<=\d)_(?=\d)/g, "");
  if (!numberPattern.test(digits)) return word;
  const number = Number(digits);
  const isExact = Number.isSafeInteger(number) || !/^[+-]?\d+$/.test(digits);
  return isExact ? number : word;
}

/** Returns the value of unquoted text that may be a name or a cell: 1E2, 1.0, NaN and True are text. */
export function readName(word: string): Value {
  const value = readWord(word);
  if (value === null) return null;
  const isPlain = typeof value !== "number" || Number.isFinite(value);
  return isPlain && String(value) === word ? value : word;
}

/** Writes a value in the grammar of overrides; reading returns the same value. */
export function printValue(value: Value): string {
  if (Array.isArray(value)) return `[${value.map(printValue).join(",")}]`;
  if (isTree(value)) {
    const pairs = Object.entries(value).map(([key, v]) => `${printKey(key)}:${printValue(v)}`);
    return `{${pairs.join(",")}}`;
  }
  if (typeof value === "string") return printText(value);
  if (typeof value === "number") return printNumber(value);
  return String(value);
}

function printNumber(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0";
  // As an integer it would be read as text.
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return value.toExponential();
  return String(value);
}

const unquotedText = /^[\p{L}\p{N}_./+@%*?|:#=~!&;<>^-]+(?: +[\p{L}\p{N}_./+@%*?|:#=~!&;<>^-]+)*$/u;

function printText(text: string): string {
  return unquotedText.test(text) && readWord(text) === text ? text : printQuoted(text);
}

function printKey(key: string): string {
  return unquotedText.test(key) && !key.includes(":") ? key : printQuoted(key);
}

/** Backslashes count only before a quote (Hydra's rule), so only there they are doubled. */
function printQuoted(text: string): string {
  return `'${text.replace(/(\\*)('|$)/g, (_, slashes: string, end: string) => {
    return slashes + slashes + (end === "" ? "" : "\\'");
  })}'`;
}

/**
 * Returns the values of a tree, or of an object, by their dotted keys. Lists stay whole; undefined
 * is dropped.
 */
export function flatten(tree: object, above = ""): Overrides {
  const pairs = Object.entries(tree).flatMap(([key, value]): [string, Value][] => {
    const path = above + key;
    if (isTree(value)) return Object.entries(flatten(value, `${path}.`));
    return value === undefined ? [] : [[path, value as Value]];
  });
  return Object.fromEntries(pairs);
}

/**
 * Returns a copy of `base` with `over` on top: mappings merge, everything else replaces.
 * @throws {ConfigError} "value" for a path through a scalar.
 */
export function merge(base: Tree, over: object): Tree {
  const tree = structuredClone(base);
  for (const [path, value] of Object.entries(flatten(over))) setPath(tree, path, value);
  return tree;
}

/** Returns the value at a dotted path, or undefined. */
export function getPath(tree: Tree, path: string): Value | undefined {
  let node: Value | undefined = tree;
  for (const part of path.split(".")) node = child(node, part);
  return node;
}

/** Returns the value one step below a mapping, or undefined. */
export function child(node: Value | undefined, part: string): Value | undefined {
  return isTree(node) && Object.hasOwn(node, part) ? node[part] : undefined;
}

/**
 * Sets the value at a dotted path, in place, and makes missing mappings.
 * @throws {ConfigError} "value" for a path through a scalar or a list, and "unknown_key" for __proto__.
 */
function setPath(tree: Tree, path: string, value: Value): void {
  const parts = path.split(".");
  const last = parts.pop() as string;
  if ([...parts, last].includes("__proto__"))
    throw new ConfigError('unknown key "__proto__": choose another name', "unknown_key");
  let node = tree;
  for (const [i, part] of parts.entries()) {
    const next = child(node, part) ?? {};
    node[part] = next;
    if (!isTree(next)) {
      const above = parts.slice(0, i + 1).join(".");
      throw new ConfigError(
        `cannot set ${quote(path)}: ${quote(above)} is ${printValue(next)}, not a group of keys`,
        "value",
      );
    }
    node = next;
  }
  node[last] = structuredClone(value);
}

/** Removes the value at a dotted path; a missing path changes nothing. */
export function deletePath(tree: Tree, path: string): void {
  const parts = path.split(".");
  const last = parts.pop() as string;
  const parent = parts.length === 0 ? tree : getPath(tree, parts.join("."));
  if (isTree(parent)) delete parent[last];
}

/**
 * Reads YAML 1.2, which includes JSON, as a mapping; empty text is an empty mapping. `source` names the file in
 * messages.
 * @throws {ConfigError} "yaml" with line and column.
 */
export function readYaml(text: string, source = "the text"): Tree {
  const value = parseYaml(text, source) ?? {};
  if (!isTree(value))
    throw new ConfigError(`${source}: expected "key: value" lines, got a list or a scalar`, "yaml");
  return value;
}

function parseYaml(text: string, source: string): unknown {
  try {
    return parse(text, { maxAliasCount: 100 });
  } catch (error) {
    const [reason] = (error as Error).message.split(/:?\n/, 1);
    throw new ConfigError(`${source} is not valid YAML: ${reason}`, "yaml", { cause: error });
  }
}

/** Writes a mapping as YAML, lists of scalars on one line. `readYaml` returns the same values. */
export function writeYaml(tree: object): string {
  const document = new Document(tree, { aliasDuplicateObjects: false });
  visit(document, {
    Seq(_, node) {
      if (isSeq(node)) node.flow = node.items.every((item) => isScalar(item));
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

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

/** The name that users type for a key: its second name if one is shown. */
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

/** A line of a message with the names that users type. */
export function inTypedNames(aliases: Aliases, line: string): string {
  const keys = new Set(Object.keys(aliases).map((name) => aliasOf(aliases, name)?.key ?? ""));
  return [...keys].reduce((text, key) => {
    const name = typedName(aliases, key);
    const pattern = String.raw`(?<![\w.])${key.replaceAll(".", "\\.")}(?![\w.]*\w)`;
    return name === key ? text : text.replace(new RegExp(pattern, "g"), name);
  }, line);
}

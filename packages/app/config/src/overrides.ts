// Parses the arguments key=value of a command line, in Hydra's grammar, after the shell's own
// quotes.

import { nearestName, shellWord } from "@dsbm/files";
import { ConfigError, quote } from "./errors.js";
import { type Overrides, printValue, readWord, type Value } from "./tree.js";

/** One argument key=value. */
export interface Override {
  /** Dotted (model.hidden), or a group of presets (method). */
  key: string;
  /** Several in a sweep. */
  values: Value[];
  /** The values as the user typed them. */
  text: string;
}

/** The arguments of a command: its overrides and Hydra's switches. */
export interface ParsedArguments {
  /** In the order of the command line. */
  overrides: Override[];
  /** -m: a run for each combination of values. */
  multirun: boolean;
  /** -h or --help. */
  help: boolean;
  /** --help=all. */
  all: boolean;
}

const settingKey = /^[\w-]+(?:[./][\w-]+)*$/;
/** Keys with their own grammar: quotes and parentheses stay. */
const expressions: readonly string[] = ["data.where", "where", "source_where"];
const quotedOrNull = /^\s*(?:null|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\s*$/s;
const maximumMembers = 10_000;

const switchNames: Record<string, "multirun" | "help" | "all"> = {
  "-m": "multirun",
  "--multirun": "multirun",
  "-h": "help",
  "--help": "help",
  "--help=all": "all",
};

/** Whether an argument is a setting key=value, with or without Hydra's prefix. */
export const isSetting = (word: string): boolean => /^\+{0,2}[A-Za-z_][\w.]*=/.test(word);

/**
 * Reads key=value or key=a,b,c. +key and ++key are read as key.
 * @throws {ConfigError} "syntax" with the place of the mistake.
 */
export function parseOverride(token: string): Override {
  const equals = token.indexOf("=");
  const left = equals < 0 ? token : token.slice(0, equals);
  const key = left.replace(/^\s*\+{0,2}/, "").trim();
  const fail = (problem: string): never => {
    throw new ConfigError(`cannot read ${quote(token)}: ${problem}`, "syntax");
  };
  if (!settingKey.test(key) || key.startsWith("-") || key.split(/[./]/).includes("__proto__"))
    fail(`expected key=value with a key such as dim or a.b, got the key ${quote(key)}`);
  if (equals < 0) fail(`expected key=value, got no "="; write ${left.trim()}=…`);
  const text = token.slice(equals + 1);
  const isVerbatim = expressions.includes(key) && !quotedOrNull.test(text);
  return { key, values: isVerbatim ? [text.trim()] : parseValues(text, token), text };
}

/**
 * Splits arguments into overrides and the switches -m/--multirun and -h/--help. `options`: further options of the
 * command, for suggestions.
 * @throws {ConfigError} "syntax" or "option" with a line for each unreadable argument.
 */
export function parseArguments(
  tokens: readonly string[],
  options: readonly string[] = [],
): ParsedArguments {
  const parsed: ParsedArguments = { overrides: [], multirun: false, help: false, all: false };
  for (const token of tokens) {
    const name = switchNames[token];
    if (name !== undefined) parsed[name] = true;
    else if (token.startsWith("-"))
      throw unknownOption(token, [...Object.keys(switchNames), ...options]);
    else parsed.overrides.push(parseOverride(token));
  }
  return parsed;
}

/** The error for an unknown argument with dashes. */
function unknownOption(token: string, options: readonly string[]): ConfigError {
  const setting = /^--?([A-Za-z][\w.]*)=/.exec(token)?.[1];
  const near = nearestName(token, options);
  let cure = `the options are ${options.join(", ")}; settings are written key=value`;
  if (near !== undefined) cure = `did you mean ${near}?`;
  else if (setting !== undefined)
    cure = `settings have no dashes: write ${token.replace(/^-+/, "")}`;
  return new ConfigError(`unknown option ${quote(token)}: ${cure}`, "option");
}

/**
 * Returns the members of a sweep: the product of all lists, the first one slowest. The last override of a key counts.
 * @throws {ConfigError} "sweep" for a list without `multirun`, and for more than 10,000 members.
 */
export function expandSweep(
  overrides: readonly Override[],
  { multirun }: { multirun: boolean },
): Overrides[] {
  const lists = new Map<string, Value[]>();
  for (const { key, values } of overrides) {
    const distinct = new Map(values.map((value) => [printValue(value), value]));
    lists.delete(key);
    lists.set(key, [...distinct.values()]);
  }
  if (!multirun) overrides.forEach(refuseList);
  const count = [...lists.values()].reduce((product, { length }) => product * length, 1);
  if (count > maximumMembers)
    throw new ConfigError(
      `this sweep has ${count} members: expected at most ${maximumMembers}; split it up`,
      "sweep",
    );
  return [...lists].reduce<Overrides[]>(
    (members, [key, values]) =>
      members.flatMap((member) => values.map((value) => ({ ...member, [key]: value }))),
    [{}],
  );
}

function refuseList({ key, values, text }: Override): void {
  if (values.length === 1) return;
  throw new ConfigError(
    `"${key}=${text}" gives ${values.length} values: add -m to run them all, write "${key}=[${text}]" for one list, or "${key}='${text}'" for text`,
    "sweep",
  );
}

/** The overrides as arguments key=value that `parseArguments` reads back. */
export const printOverrides = (overrides: Overrides): string[] =>
  Object.entries(overrides).map(([key, value]) => `${key}=${printValue(value)}`);

/** A command with its arguments and overrides, before it becomes text. */
export interface CommandRequest {
  /** "fit" */
  command: string;
  /** Files and folders. */
  arguments: readonly string[];
  overrides: Overrides;
}

/** A command line that a shell takes: "npx dsbm fit a.csv b.csv max_minutes=30". */
export function printCommand({ command, arguments: places, overrides }: CommandRequest): string {
  const words = [...places, ...printOverrides(overrides)].map(shellWord);
  return ["npx dsbm", command, ...words].join(" ");
}

const maxDepth = 64;
/** Backslashes count only before the mark. */
const quotedText = /^(['"])(?:(?!\1)[^\\]|\\+(?!\1|\\)|(?:\\\\)*\\\1)*(?:\\\\)*\1/s;
const plainText = /^[^,()[\]{}'"]+/;
const plainKey = /^[^,()[\]{}'":]+/;

/**
 * Reads the text behind "key=": one value, or the values a,b,c of a sweep. Empty text is one empty string. `read` reads
 * text without quotes.
 * @throws {ConfigError} "syntax" that quotes `token`, the whole override, and the place in it.
 */
export function parseValues(
  text: string,
  token: string = text,
  read: (word: string) => Value = readWord,
): Value[] {
  let rest = text.trimStart();
  const fail = (expected: string): never => {
    const got = rest === "" ? "the end" : quote(rest.charAt(0));
    throw new ConfigError(
      `cannot read ${quote(token)}: expected ${expected}, got ${got} at character ${token.length - rest.length + 1} (text with , ( ) [ ] { } or quotes in it must be quoted, in a shell twice: 'name="a, b"')`,
      "syntax",
    );
  };
  const take = (pattern: RegExp): string | undefined => {
    const word = pattern.exec(rest)?.[0];
    if (word !== undefined) rest = rest.slice(word.length).trimStart();
    return word;
  };
  const textInQuotes = (): string | undefined => {
    if (!/^['"]/.test(rest)) return undefined;
    const word = take(quotedText) ?? fail(`a closing ${rest.charAt(0)}`);
    const inner = word.slice(1, -1);
    return inner.replace(/(\\+)(['"]|$)/g, (all, slashes: string, end: string) =>
      end === "" || end === word.charAt(0) ? slashes.slice(0, slashes.length / 2) + end : all,
    );
  };
  const items = <T>(close: RegExp, item: () => T): T[] => {
    const list: T[] = [];
    if (take(close)) return list;
    do list.push(item());
    while (take(/^,/));
    return take(close) ? list : fail(`"," or ${quote(close.source.slice(-1))}`);
  };
  const value = (depth: number): Value => {
    if (depth > maxDepth) fail(`at most ${maxDepth} nested brackets`);
    if (take(/^\[/)) return items(/^]/, () => value(depth + 1));
    if (take(/^\{/)) return Object.fromEntries(items(/^}/, () => pair(depth + 1)));
    const word = textInQuotes();
    if (word !== undefined) return word;
    return read((take(plainText) ?? fail("a value (write '' for empty text)")).trimEnd());
  };
  const pair = (depth: number): [string, Value] => {
    const key = textInQuotes() ?? (take(plainKey) ?? fail("a key")).trimEnd();
    if (!take(/^:/)) fail('":" after the key');
    return [key, value(depth)];
  };
  // A comma alone separates nothing.
  if (/^,?\s*$/.test(rest)) return [rest.trim()];
  const values = [value(0)];
  while (take(/^,/)) values.push(value(0));
  return rest === "" ? values : fail('"," or the end');
}

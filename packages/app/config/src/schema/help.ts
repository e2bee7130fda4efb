import type { z } from "zod";
import { printValue, type Tree, type Value } from "../text/value.js";
import { type Aliases, typedName, typedValue } from "../tree/aliases.js";
import { getPath } from "../tree/tree.js";
import { expected, jsonSchema, schemaKeys } from "./describe.js";

export interface HelpEntry {
  key: string;
  default: string;
  meaning: string;
}

export interface HelpOptions {
  /** Values instead of the schema's defaults. */
  values?: Tree | undefined;
  /** Second names, listed instead of the keys. */
  aliases?: Aliases | undefined;
  /** Only these keys, in this order. */
  only?: readonly string[] | undefined;
  /** Keys chosen from the data. */
  chosen?: readonly string[] | undefined;
}

function keysOf(schema: z.ZodType, { values, only }: HelpOptions) {
  const keys = schemaKeys(jsonSchema(schema), values);
  return only?.flatMap((name) => keys.filter(([key]) => key === name)) ?? keys;
}

/** Returns all keys of a schema with default, meaning and, in brackets, possible values. */
export function helpEntries(schema: z.ZodType, options: HelpOptions = {}): HelpEntry[] {
  const { values, aliases = {}, chosen = [] } = options;
  return keysOf(schema, options).map(([key, inner]) => {
    const override = values && getPath(values, key);
    const value: Value | undefined = override === undefined ? inner.default : override;
    const text = typeof value === "string" ? typedValue(aliases, key, value) : value;
    const standard = text === undefined ? "(needed)" : printValue(text);
    return {
      key: typedName(aliases, key),
      default: chosen.includes(key) ? "chosen from your data" : standard,
      meaning: [inner.description ?? "", `(${expected(inner)})`].join(" ").trim(),
    };
  });
}

/** Writes the table of --help, wrapped at `width` columns, with a heading above each of `sections`. */
export function helpTable(
  schema: z.ZodType,
  {
    width = 100,
    sections,
    ...options
  }: HelpOptions & {
    width?: number | undefined;
    sections?: Readonly<Record<string, readonly string[]>> | undefined;
  } = {},
): string {
  const entries = helpEntries(schema, options);
  const keys = keysOf(schema, options).map(([key]) => key);
  const titles = keys.map((key) => titleOf(key, sections));
  const columns = { key: "key", default: "default", meaning: "meaning" };
  const first = Math.max(...[columns, ...entries].map((row) => row.key.length)) + 2;
  const second = Math.min(
    Math.max(...[columns, ...entries].map((row) => row.default.length)) + 2,
    Math.max(12, Math.floor(width / 4)),
  );
  const lines = (row: HelpEntry) => {
    const left = row.key.padEnd(first) + row.default.padEnd(second - 2).concat("  ");
    const meaning = wrap(row.meaning, Math.max(20, width - first - second));
    const below = meaning.map((line) => " ".repeat(first + second) + line);
    return left.length > first + second ? [left, ...below] : [left + meaning[0], ...below.slice(1)];
  };
  const order = [...new Set(titles)];
  const body = order.flatMap((title) => [
    ...(sections ? ["", title] : []),
    ...entries.filter((_, i) => titles[i] === title).flatMap(lines),
  ]);
  return [...lines(columns), ...body].map((line) => line.trimEnd()).join("\n");
}

function titleOf(key: string, sections: Readonly<Record<string, readonly string[]>> = {}): string {
  const [root = ""] = key.split(".");
  return Object.keys(sections).find((title) => sections[title]?.includes(root)) ?? "other keys";
}

/** Wraps text at spaces. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

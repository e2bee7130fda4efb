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

const widestDefault = 22;

/** Writes the table of --help, with a heading above each of `sections`. */
export function helpTable(
  schema: z.ZodType,
  {
    sections,
    ...options
  }: HelpOptions & { sections?: Readonly<Record<string, readonly string[]>> | undefined } = {},
): string {
  const entries = helpEntries(schema, options);
  const titles = keysOf(schema, options).map(([key]) => titleOf(key, sections));
  const widest = (column: "key" | "default") =>
    Math.max(...entries.map((row) => row[column].length));
  const first = widest("key") + 2;
  const second = Math.min(widest("default"), widestDefault);
  const line = ({ key, default: standard, meaning }: HelpEntry) =>
    `${key.padEnd(first)}${standard.padEnd(second)}  ${meaning}`;
  const body = [...new Set(titles)].flatMap((title) => [
    ...(sections ? ["", title] : []),
    ...entries.filter((_, i) => titles[i] === title).map(line),
  ]);
  return [line({ key: "key", default: "default", meaning: "meaning" }), ...body].join("\n");
}

function titleOf(key: string, sections: Readonly<Record<string, readonly string[]>> = {}): string {
  const [root = ""] = key.split(".");
  return Object.keys(sections).find((title) => sections[title]?.includes(root)) ?? "other keys";
}

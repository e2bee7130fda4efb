// The tables of --help.
import { alignColumns } from "@dsbm/files";
import type { z } from "zod";
import {
  type Aliases,
  getPath,
  printValue,
  type Tree,
  typedName,
  typedValue,
  type Value,
} from "../tree.js";
import { expectedValues } from "./expected-values.js";
import { type JsonSchema, jsonSchema } from "./json-schema.js";
import { schemaKeys } from "./schema.js";

interface HelpEntry {
  key: string;
  default: string;
  meaning: string;
}

interface HelpOptions {
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

/** Possible values in brackets; nothing for switches, whose defaults say them. */
const valuesOf = (schema: JsonSchema): string => {
  const values = expectedValues(schema).replace(/, each item .*/, "");
  return schema.type === "boolean"
    ? ""
    : `(${values.replaceAll(/\ban? |finite |non-empty /g, "")})`;
};

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
      meaning: `${inner.description ?? ""} ${valuesOf(inner)}`.trim(),
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
  const rows = entries.map(({ key, default: standard, meaning }) => [key, standard, meaning]);
  const [heading, ...lines] = alignColumns([["key", "default", "meaning"], ...rows], {
    largest: [Number.POSITIVE_INFINITY, widestDefault],
  });
  const body = [...new Set(titles)].flatMap((title) => [
    ...(sections ? ["", title] : []),
    ...lines.filter((_, i) => titles[i] === title),
  ]);
  return [heading, ...body].join("\n");
}

/** The section of a key, or of the option above it; "other keys" without one. */
export function titleOf(
  key: string,
  sections: Readonly<Record<string, readonly string[]>> = {},
): string {
  const [root = ""] = key.split(".");
  const titles = Object.keys(sections);
  const holds = (name: string) => titles.find((title) => sections[title]?.includes(name));
  return holds(key) ?? holds(root) ?? "other keys";
}

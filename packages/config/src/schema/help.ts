// Why: --help, the docs and an editor's completion must list exactly the keys that the program
// reads, so they are made from the schema.

import type { z } from "zod";
import { printValue } from "../words/value.js";
import { expected, type JsonSchema, jsonSchema, schemaKeys } from "./describe.js";

export interface HelpEntry {
  key: string;
  default: string;
  meaning: string;
}

/** All keys of a schema with default and meaning; the choices follow the meaning in brackets. */
export function helpEntries(schema: z.ZodType): HelpEntry[] {
  return schemaKeys(jsonSchema(schema)).map(([key, inner]) => ({
    key,
    default: inner.default === undefined ? "(needed)" : printValue(inner.default),
    meaning: [inner.description ?? "", `(${expected(inner)})`].join(" ").trim(),
  }));
}

/** The table "key  default  meaning" for --help, meanings wrapped at `width` columns. */
export function helpTable(schema: z.ZodType, { width = 100 }: { width?: number } = {}): string {
  const rows = [{ key: "key", default: "default", meaning: "meaning" }, ...helpEntries(schema)];
  const first = Math.max(...rows.map((row) => row.key.length)) + 2;
  const second = Math.max(...rows.map((row) => row.default.length)) + 2;
  const lines = rows.flatMap((row) => {
    const left = row.key.padEnd(first) + row.default.padEnd(second);
    const [head = "", ...tail] = wrap(row.meaning, Math.max(20, width - first - second));
    return [left + head, ...tail.map((line) => " ".repeat(first + second) + line)];
  });
  return lines.map((line) => line.trimEnd()).join("\n");
}

function wrap(text: string, width: number): string[] {
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

/** The JSON Schema of a preset file: the schema's keys and the `defaults:` list. */
export function presetJsonSchema(schema: z.ZodType): JsonSchema {
  const json = jsonSchema(schema);
  const defaults: JsonSchema = { type: "array", description: "Presets to start from." };
  return { ...json, properties: { defaults, ...json.properties } };
}

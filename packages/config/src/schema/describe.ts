// Why: help texts, error messages and the key list all need to know what a key takes. They read it
// from one place, the schema's own JSON Schema, instead of from zod's internals.

import { z } from "zod";
import { isTree, printValue, type Tree, type Value } from "../words/value.js";
import { variantProperties } from "./variant.js";

/** The parts of JSON Schema (draft 2020-12) that zod writes for plain configurations. */
export interface JsonSchema {
  title?: string;
  description?: string;
  type?: "object" | "array" | "string" | "number" | "integer" | "boolean" | "null";
  default?: Value;
  examples?: Value[];
  enum?: Value[];
  const?: Value;
  anyOf?: JsonSchema[];
  /** Shapes of a group of keys, told apart by a constant in each. */
  oneOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  minItems?: number;
  minLength?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
}

/** The JSON Schema of what a user may write: keys with defaults are optional. */
export function jsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: "input" }) as JsonSchema;
}

/** The defaults of all keys that have one, nested like the schema. */
export function defaultsOf(schema: z.ZodType): Tree {
  return defaultTree(jsonSchema(schema));
}

function defaultTree({ properties = {} }: JsonSchema): Tree {
  const tree: Tree = {};
  for (const [key, inner] of Object.entries(properties)) {
    if (inner.default !== undefined) tree[key] = inner.default;
    else if (inner.properties !== undefined) tree[key] = defaultTree(inner);
  }
  return tree;
}

/** All settable keys, dotted, with the schema of each, in the order in which they were declared. */
export function schemaKeys(schema: JsonSchema, above = ""): [key: string, schema: JsonSchema][] {
  const properties = schema.oneOf === undefined ? schema.properties : variantProperties(schema);
  return Object.entries(properties ?? {}).flatMap(([key, inner]) =>
    inner.properties === undefined && inner.oneOf === undefined
      ? [[above + key, inner] as [string, JsonSchema]]
      : schemaKeys(inner, `${above}${key}.`),
  );
}

/** What a key takes, in words: "an integer >= 1", "dsbm or dsb", "null or a finite number > 0". */
export function expected(schema: JsonSchema): string {
  if (schema.const !== undefined) return printValue(schema.const);
  if (schema.enum !== undefined) return anyOf(schema.enum.map(printValue));
  if (schema.anyOf !== undefined) {
    const options = schema.anyOf.flatMap((option) => option.anyOf ?? [option]);
    // Lists last: "each item …" reaches to the end of the line.
    const isList = (option: JsonSchema) => (option.type === "array" ? 1 : 0);
    options.sort((a, b) => isList(a) - isList(b));
    return anyOf([...new Set(options.map(expected))]);
  }
  if (schema.oneOf !== undefined) return "a group of keys";
  switch (schema.type) {
    case "integer":
      return `an integer${bounds(schema)}`;
    case "number":
      return `a finite number${bounds(schema)}`;
    case "boolean":
      return "true or false";
    case "string":
      if (schema.examples === undefined)
        return (schema.minLength ?? 0) > 0 ? "non-empty text" : "text";
      return `text such as ${schema.examples.map(printValue).join(", ")}`;
    case "array": {
      const list = (schema.minItems ?? 0) > 0 ? "a non-empty list" : "a list";
      return schema.items === undefined ? list : `${list}, each item ${expected(schema.items)}`;
    }
    case "object":
      return "a group of keys";
    default:
      return schema.type ?? "a value";
  }
}

function anyOf(words: string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} or ${last}`;
}

function bounds(schema: JsonSchema): string {
  const parts: string[] = [];
  const add = (sign: string, bound: number | undefined) => {
    // zod bounds every integer by ±(2^53 − 1), which nobody needs to be told.
    if (bound !== undefined && Math.abs(bound) !== Number.MAX_SAFE_INTEGER) {
      parts.push(`${sign} ${bound}`);
    }
  };
  add(">=", schema.minimum);
  add(">", schema.exclusiveMinimum);
  add("<=", schema.maximum);
  add("<", schema.exclusiveMaximum);
  return parts.length === 0 ? "" : ` ${parts.join(" and ")}`;
}

/** A value that the key takes, for "write key=…": its default, or else an example. */
export function exampleOf(schema: JsonSchema): Value | undefined {
  const { default: standard, examples, enum: values, anyOf: options } = schema;
  if (standard !== undefined && standard !== null && !isTree(standard)) return standard;
  const nested = options?.map(exampleOf).find((value) => value !== undefined && value !== null);
  return examples?.[0] ?? schema.const ?? values?.[0] ?? nested ?? standard;
}

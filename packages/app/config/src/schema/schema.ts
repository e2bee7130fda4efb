import { alignColumns } from "@dsbm/files";
import type { z } from "zod";
import { ConfigError, quote, suggestion } from "../errors.js";
import {
  type Aliases,
  child,
  getPath,
  isTree,
  printValue,
  type Tree,
  typedName,
  typedValue,
  type Value,
} from "../tree.js";
import { type JsonSchema, jsonSchema } from "./json-schema.js";

/** Returns all defaults, nested like the schema. */
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

/**
 * Returns all dotted keys with their schemas, as declared. `given` chooses the shape of groups with
 * several shapes; without it all shapes' keys are included, with a note on whose they are.
 */
export function schemaKeys(
  schema: JsonSchema,
  constant?: Value,
  above = "",
): [key: string, schema: JsonSchema][] {
  return Object.entries(shapeOf(schema, constant).properties ?? {}).flatMap(([key, inner]) =>
    inner.properties === undefined && inner.oneOf === undefined
      ? [[above + key, inner] as [string, JsonSchema]]
      : schemaKeys(inner, child(constant, key), `${above}${key}.`),
  );
}

/** @public The shape of a group that a value chooses; without a value all shapes together. */
export function shapeOf(schema: JsonSchema, constant: Value | undefined): JsonSchema {
  const { oneOf: shapes, default: standard } = schema;
  if (shapes === undefined) return schema;
  const shape = shapes.find(({ properties = {} }) =>
    Object.entries(properties).some(
      ([key, { const: id }]) => id !== undefined && child(constant, key) === id,
    ),
  );
  if (shape !== undefined) return shape;
  const keys = [...new Set(shapes.flatMap(({ properties }) => Object.keys(properties ?? {})))];
  return {
    properties: Object.fromEntries(keys.map((key) => [key, together(key, shapes, standard)])),
  };
}

function together(key: string, shapes: JsonSchema[], group: Value | undefined): JsonSchema {
  const having = shapes.filter(({ properties }) => properties?.[key] !== undefined);
  const all = having.map(({ properties }) => properties?.[key] as JsonSchema);
  const [first = {}] = all;
  const { const: id, ...rest } = first;
  if (id !== undefined) {
    const standard = child(group, key);
    const names = all.map(({ const: name = null }) => name);
    return { ...rest, enum: names, ...(standard !== undefined && { default: standard }) };
  }
  const only = having.length < shapes.length ? `; ${having.map(nameOf).join(", ")} only` : "";
  return { ...first, description: `${first.description ?? ""}${only}` };
}

const nameOf = ({ properties = {} }: JsonSchema): string =>
  Object.values(properties)
    .flatMap(({ const: id }) => (id === undefined ? [] : [printValue(id)]))
    .at(0) ?? "another";

/** Returns a line for a key of another shape, or undefined if no shape has it. */
function foreignKey(
  schema: JsonSchema,
  input: Value | undefined,
  path: string,
): string | undefined {
  const [group = "", key = ""] = path.split(".");
  const inner = schema.properties?.[group] ?? {};
  const owners = inner.oneOf?.filter(({ properties }) => properties?.[key] !== undefined) ?? [];
  if (owners.length === 0) return undefined;
  const got = nameOf(shapeOf(inner, child(input, group)));
  return `${path} is a key of ${owners.map(nameOf).join(" and ")}, got ${got}: leave it out, or choose another ${group}`;
}

/** Describes a key's values, such as "an integer >= 1" or "null or a finite number > 0". */
function expected(schema: JsonSchema): string {
  if (schema.const !== undefined) return printValue(schema.const);
  if (schema.enum !== undefined) return anyOf(schema.enum.map(printValue));
  if (schema.anyOf !== undefined) {
    const options = schema.anyOf.flatMap((option) => option.anyOf ?? [option]);
    // Lists come last: "each item …" extends to the end of the line.
    const isList = (option: JsonSchema) => (option.type === "array" ? 1 : 0);
    return anyOf([...new Set(options.sort((a, b) => isList(a) - isList(b)).map(expected))]);
  }
  if (Array.isArray(schema.type))
    return anyOf(schema.type.map((type) => expected({ ...schema, type })));
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
    case "null":
      return "null";
    default:
      return "a group of keys";
  }
}

function anyOf(words: string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} or ${last}`;
}

function bounds(schema: JsonSchema): string {
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum } = schema;
  const parts = Object.entries({
    ">=": minimum,
    ">": exclusiveMinimum,
    "<=": maximum,
    "<": exclusiveMaximum,
  }).flatMap(([sign, bound]) =>
    // zod bounds every integer by ±(2^53 − 1).
    bound === undefined || Math.abs(bound) === Number.MAX_SAFE_INTEGER ? [] : [`${sign} ${bound}`],
  );
  return parts.length === 0 ? "" : ` ${parts.join(" and ")}`;
}

/** Returns an example value, for "write key=…". */
function exampleOf(schema: JsonSchema): Value | undefined {
  const { default: standard, examples, enum: values, anyOf: options } = schema;
  if (standard !== undefined && standard !== null && !isTree(standard)) return standard;
  const nested = options?.map(exampleOf).find((value) => value !== undefined && value !== null);
  return examples?.[0] ?? schema.const ?? values?.[0] ?? nested ?? standard;
}

/** Returns the kind of a bare list 1,2,2 or a,b, for a key that takes such a list; else null. */
export function bareListOf(schema: JsonSchema): "numbers" | "texts" | null {
  const flat = (one: JsonSchema): JsonSchema[] => one.anyOf?.flatMap(flat) ?? [one];
  const options = flat(schema);
  const list = options.find(({ type }) => type === "array");
  if (!list) return null;
  const items = list.items?.anyOf ?? [list.items ?? {}];
  return items.some(({ type }) => type === "string") ? "texts" : "numbers";
}

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
  const values = expected(schema).replace(/, each item .*/, "");
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

function titleOf(key: string, sections: Readonly<Record<string, readonly string[]>> = {}): string {
  const [root = ""] = key.split(".");
  return Object.keys(sections).find((title) => sections[title]?.includes(root)) ?? "other keys";
}

/** Returns a line for each problem of keys together; each key alone is valid. */
export type CrossCheck<C> = (
  config: C,
  choices?: Readonly<Record<string, string | null>>,
) => readonly string[];

/**
 * Checks a configuration against a strict schema and fills in defaults. `groups`: names typed like
 * keys, for suggestions. Throws ConfigError "unknown_key" or "value" with a line for each problem.
 */
export function validate<S extends z.ZodType>(
  schema: S,
  input: Tree,
  check: CrossCheck<z.output<S>> = () => [],
  { groups = [] }: { groups?: readonly string[] } = {},
): z.output<S> {
  const result = schema.safeParse(input);
  if (!result.success) throw explain(jsonSchema(schema), input, result.error.issues, groups);
  const problems = check(result.data);
  if (problems.length > 0) throw new ConfigError(problems, "value");
  return result.data;
}

function explain(
  schema: JsonSchema,
  input: Tree,
  issues: readonly z.core.$ZodIssue[],
  groups: readonly string[],
): ConfigError {
  const problems = issues.flatMap((issue) => {
    if (issue.code !== "unrecognized_keys") return [wrongValue(schema, input, issue)];
    const paths = issue.keys.map((key) => [...issue.path, key].join("."));
    return paths.map(
      (key) => foreignKey(schema, input, key) ?? unknownKey(schema, input, key, groups),
    );
  });
  const code = issues[0]?.code === "unrecognized_keys" ? "unknown_key" : "value";
  return new ConfigError(problems, code);
}

export function unknownKey(
  schema: JsonSchema,
  input: Tree,
  key: string,
  groups: readonly string[],
): string {
  const known = [...groups, ...schemaKeys(schema, input).map(([name]) => name)];
  const last = (name: string) => name.split(".").at(-1) as string;
  const same = known.find((name) => last(name) === last(key));
  const cure = same ? `did you mean ${JSON.stringify(same)}?` : "--help lists all keys";
  return `unknown key ${quote(key)}: ${suggestion(key, known, cure)}`;
}

function wrongValue(schema: JsonSchema, input: Tree, issue: z.core.$ZodIssue): string {
  // A problem within a list is reported for the whole list.
  let inner = schema;
  let value: Value | undefined = input;
  const path: string[] = [];
  for (const part of issue.path.map(String)) {
    const next: JsonSchema | undefined = shapeOf(inner, value).properties?.[part];
    if (next === undefined) break;
    inner = next;
    value = child(value, part);
    path.push(part);
  }
  const key = path.join(".");
  if (key === "") return issue.message;
  const got = value === undefined ? "nothing" : show(value);
  const example = exampleOf(inner);
  const cure = example === undefined ? "" : `; write for example ${key}=${printValue(example)}`;
  return `${key}: expected ${expected(inner)}, got ${got}${cure}`;
}

/** Text is in double quotes, so that "5" and 5 look different. */
function show(value: Value): string {
  if (typeof value === "string") return quote(value);
  const text = printValue(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

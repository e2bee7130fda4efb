import { z } from "zod";
import { type Aliases, typedName, typedValue } from "../aliases.js";
import { child, getPath, isTree, printValue, type Tree, type Value } from "../tree.js";

type JsonType = "object" | "array" | "string" | "number" | "integer" | "boolean" | "null";

/** The parts of JSON Schema (draft 2020-12) that zod writes for configurations. */
export interface JsonSchema {
  description?: string;
  type?: JsonType | JsonType[];
  default?: Value;
  examples?: Value[];
  enum?: Value[];
  const?: Value;
  anyOf?: JsonSchema[];
  /** The shapes of a group of keys. */
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

const known = new WeakMap<z.ZodType, JsonSchema>();

/** Made once: it takes about 50 ms. */
export function jsonSchema(schema: z.ZodType): JsonSchema {
  const json = known.get(schema) ?? (z.toJSONSchema(schema, { io: "input" }) as JsonSchema);
  known.set(schema, json);
  return json;
}

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
export function foreignKey(
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
export function expected(schema: JsonSchema): string {
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
export function exampleOf(schema: JsonSchema): Value | undefined {
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

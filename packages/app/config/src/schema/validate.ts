import { objectOption } from "@dsbm/files";
import type { z } from "zod";
import { ConfigError, quote, suggestion } from "../errors.js";
import { child, flatten, getPath, printValue, type Tree, type Value } from "../tree.js";
import { exampleOf, expectedValues } from "./expected-values.js";
import { type JsonSchema, jsonSchema } from "./json-schema.js";
import { schemaKeys, shapeName, shapeOf } from "./schema.js";

/** Returns a line for each problem of keys together; each key alone is valid. */
export type CrossCheck<C> = (config: C) => readonly string[];

/** What the error of an unknown key knows besides the schema. */
interface OtherNames {
  /** Names that are typed like keys. */
  groups?: readonly string[];
  /** Returns the keys of training, which runs keep. */
  trained?: () => readonly string[];
}

/**
 * Checks a configuration against a strict schema and fills in defaults.
 * @throws {ConfigError} "unknown_key" or "value" with a line for each problem.
 */
export function validate<S extends z.ZodType>(
  schema: S,
  input: Tree,
  check: CrossCheck<z.output<S>> = () => [],
  others: OtherNames = {},
): z.output<S> {
  const result = schema.safeParse(input);
  if (!result.success) throw explain(jsonSchema(schema), input, result.error.issues, others);
  const problems = check(result.data);
  if (problems.length > 0) throw new ConfigError(problems, "value");
  return result.data;
}

function explain(
  schema: JsonSchema,
  input: Tree,
  issues: readonly z.core.$ZodIssue[],
  others: OtherNames,
): ConfigError {
  const problems = issues.flatMap((issue) => {
    if (issue.code !== "unrecognized_keys") return [wrongValue(schema, input, issue)];
    const paths = issue.keys.flatMap((key) => keysBelow(input, [...issue.path, key].join(".")));
    return paths.map(
      (key) => foreignKey(schema, input, key) ?? unknownKey(schema, input, key, others),
    );
  });
  const code = issues[0]?.code === "unrecognized_keys" ? "unknown_key" : "value";
  return new ConfigError(problems, code);
}

/** The dotted keys with a value at or below a path. */
function keysBelow(input: Tree, path: string): string[] {
  const keys = Object.keys(flatten({ [path]: getPath(input, path) }));
  return keys.length > 0 ? keys : [path];
}

/** Keys by the words that other programs have for them. */
const otherWords: Readonly<Record<string, readonly string[]>> = {
  "data.split_by": ["by", "group", "groups", "groupby", "group_by", "label", "labels", "class"],
  "data.condition": ["label", "labels", "class"],
  "data.columns": ["features", "cols", "vars"],
  "data.exclude": ["drop", "ignore", "skip"],
  "data.where": ["filter", "query", "subset"],
  "data.components": ["pca", "n_components", "n_comps", "n_pcs"],
};

/** Returns the line of an unknown key, with the known key of this meaning or the closest name. */
export function unknownKey(
  schema: JsonSchema,
  input: Tree,
  key: string,
  { groups = [], trained = () => [] }: OtherNames,
): string {
  const keys = schemaKeys(schema, input);
  const known = [...groups, ...keys.map(([name]) => name)];
  const last = (name: string) => name.split(".").at(-1) as string;
  const same = known.find((name) => last(name) === last(key));
  const [root = key] = key.split(".");
  if (!Object.hasOwn(schema.properties ?? {}, root) && trained().includes(key)) {
    const about = keys.find(([name]) => name === same)?.[1].description;
    const own = about === undefined ? "" : `, or write ${same}=… (${about})`;
    return `${key} is an option of training, which a run keeps: leave it out${own}`;
  }
  const meant = known.filter((name) => otherWords[name]?.includes(last(key)));
  if (meant.length > 0)
    return `unknown key ${quote(key)}: did you mean ${meant.map(quote).join(" or ")}?`;
  const list = objectOption(key, null) ? "FitKeys has all keys" : "--help lists all keys";
  const cure = same ? `did you mean ${JSON.stringify(same)}?` : suggestion(root, groups, list);
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
  const cure =
    example === undefined
      ? ""
      : `; write for example ${objectOption(key, example) ?? `${key}=${printValue(example)}`}`;
  return `${key}: expected ${expectedValues(inner)}, got ${got}${cure}`;
}

/** Text is in double quotes, so that "5" and 5 look different. */
function show(value: Value): string {
  if (typeof value === "string") return quote(value);
  const text = printValue(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
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
  const got = shapeName(shapeOf(inner, child(input, group)));
  return `${path} is a key of ${owners.map(shapeName).join(" and ")}, got ${got}: leave it out, or choose another ${group}`;
}

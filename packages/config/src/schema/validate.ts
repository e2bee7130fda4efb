// The last check before a run: every key known, every value of the right type and range, and the keys right together.
// All problems are reported at once, one line each, with what to do.

import type { z } from "zod";
import { ConfigError, quote } from "../errors.js";
import { suggestion } from "../nearest.js";
import { child } from "../tree/tree.js";
import { printValue, type Tree, type Value } from "../words/value.js";
import {
  exampleOf,
  expected,
  foreignKey,
  type JsonSchema,
  jsonSchema,
  schemaKeys,
  shapeOf,
} from "./describe.js";

/** Looks at keys together; returns one line for each problem. Called only when each alone is right. */
export type CrossCheck<C> = (
  config: C,
  choices?: Readonly<Record<string, string | null>>,
) => readonly string[];

/**
 * Checks a plain configuration against a strict object schema and fills in defaults. `groups` are
 * names that are typed like keys, for suggestions.
 * Throws ConfigError with a line for each problem: "unknown_key" (with the nearest right key) or
 * "value" (what was given, what is expected, how to write it; NaN and infinity are no numbers).
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
  if (problems.length > 0) throw new ConfigError("value", problems);
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
  return new ConfigError(code, problems);
}

function unknownKey(
  schema: JsonSchema,
  input: Tree,
  key: string,
  groups: readonly string[],
): string {
  const known = [...groups, ...schemaKeys(schema, input).map(([name]) => name)];
  return `unknown key ${quote(key)}: ${suggestion(key, known, "--help lists the keys there are")}`;
}

function wrongValue(schema: JsonSchema, input: Tree, issue: z.core.$ZodIssue): string {
  // A problem inside a list is reported for the whole list: that is what can be written on a command line.
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

/** Text in double quotes, so that "5" and 5 look different; all else as it is typed. */
function show(value: Value): string {
  if (typeof value === "string") return quote(value);
  const text = printValue(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

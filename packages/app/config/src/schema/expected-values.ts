// The values of a key, in the words of messages.
import { isTree, printValue, type Value } from "../tree.js";
import type { JsonSchema } from "./json-schema.js";

/** Describes a key's values, such as "an integer >= 1" or "null or a finite number > 0". */
export function expectedValues(schema: JsonSchema): string {
  if (schema.const !== undefined) return printValue(schema.const);
  if (schema.enum !== undefined) return anyOf(schema.enum.map(printValue));
  if (schema.anyOf !== undefined) {
    const options = schema.anyOf.flatMap((option) => option.anyOf ?? [option]);
    // Lists come last: "each item …" extends to the end of the line.
    const isList = (option: JsonSchema) => (option.type === "array" ? 1 : 0);
    return anyOf([...new Set(options.sort((a, b) => isList(a) - isList(b)).map(expectedValues))]);
  }
  if (Array.isArray(schema.type))
    return anyOf(schema.type.map((type) => expectedValues({ ...schema, type })));
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
      return schema.items === undefined
        ? list
        : `${list}, each item ${expectedValues(schema.items)}`;
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

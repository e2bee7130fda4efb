import type { z } from "zod";
import { child, printValue, type Tree, type Value } from "../tree.js";
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
 * Returns all dotted keys with their schemas, as declared. `constant` chooses the shape of groups with
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
    properties: Object.fromEntries(keys.map((key) => [key, keyOfShapes(key, shapes, standard)])),
  };
}

function keyOfShapes(key: string, shapes: JsonSchema[], group: Value | undefined): JsonSchema {
  const having = shapes.filter(({ properties }) => properties?.[key] !== undefined);
  const all = having.map(({ properties }) => properties?.[key] as JsonSchema);
  const [first = {}] = all;
  const { const: id, ...rest } = first;
  if (id !== undefined) {
    const standard = child(group, key);
    const names = all.map(({ const: name = null }) => name);
    return { ...rest, enum: names, ...(standard !== undefined && { default: standard }) };
  }
  const only = having.length < shapes.length ? `; ${having.map(shapeName).join(", ")} only` : "";
  return { ...first, description: `${first.description ?? ""}${only}` };
}

/** The name of a shape: the constant of its first key with one. */
export const shapeName = ({ properties = {} }: JsonSchema): string =>
  Object.values(properties)
    .flatMap(({ const: id }) => (id === undefined ? [] : [printValue(id)]))
    .at(0) ?? "another";

/** Returns the kind of a bare list 1,2,2 or a,b, for a key that takes such a list; else null. */
export function bareListOf(schema: JsonSchema): "numbers" | "texts" | null {
  const flat = (one: JsonSchema): JsonSchema[] => one.anyOf?.flatMap(flat) ?? [one];
  const options = flat(schema);
  const list = options.find(({ type }) => type === "array");
  if (!list) return null;
  const items = list.items?.anyOf ?? [list.items ?? {}];
  return items.some(({ type }) => type === "string") ? "texts" : "numbers";
}

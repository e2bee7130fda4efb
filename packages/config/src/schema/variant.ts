// Why: a group of keys may come in several shapes (each network has keys of its own), told apart by
// the constant in one of them; help, suggestions and messages need them as one list.

import { child } from "../tree/tree.js";
import { printValue, type Tree, type Value } from "../words/value.js";
import type { JsonSchema } from "./describe.js";

/** The keys of all shapes in order of appearance, with notes on where the shapes differ. */
export function variantProperties(schema: JsonSchema): Record<string, JsonSchema> {
  const shapes = schema.oneOf ?? [];
  const keys = [...new Set(shapes.flatMap(({ properties }) => Object.keys(properties ?? {})))];
  return Object.fromEntries(keys.map((key) => [key, together(key, shapes, schema.default)]));
}

/** The shape of `schema` that `given` is meant to have; the schema itself where it has only one. */
export function shapeOf(schema: JsonSchema, given: Value | undefined): JsonSchema {
  if (schema.oneOf === undefined) return schema;
  const tree = (given ?? schema.default ?? {}) as Tree;
  const found = schema.oneOf.find(({ properties = {} }) =>
    Object.entries(properties).some(([key, { const: id }]) => id !== undefined && tree[key] === id),
  );
  return found ?? { ...schema, properties: variantProperties(schema) };
}

/** Why a shape does not have a key that another one has; undefined where none has it. */
export function foreignKey(
  schema: JsonSchema,
  input: Value | undefined,
  path: string,
): string | undefined {
  const [group = "", key = ""] = path.split(".");
  const inner = schema.properties?.[group];
  const owners = inner?.oneOf?.filter(({ properties }) => properties?.[key] !== undefined) ?? [];
  if (inner === undefined || owners.length === 0) return undefined;
  const got = nameOf(shapeOf(inner, child(input, group)));
  return `${path} is a key of ${owners.map(nameOf).join(" and ")}, got ${got}: leave it out, or choose another ${group}`;
}

function together(key: string, shapes: JsonSchema[], group: Value | undefined): JsonSchema {
  const having = shapes.filter(({ properties }) => properties?.[key] !== undefined);
  const [first, ...rest] = having.map(({ properties }) => properties?.[key] as JsonSchema);
  if (first === undefined) return {};
  if (first.const !== undefined) {
    const names = [first, ...rest].flatMap(({ const: id }) => (id === undefined ? [] : [id]));
    const chosen = (group as Tree | undefined)?.[key];
    const { const: _, ...description } = first;
    return { ...description, enum: names, ...(chosen !== undefined && { default: chosen }) };
  }
  const notes: string[] = [];
  if (having.length < shapes.length) notes.push(`${having.map(nameOf).join(" and ")} only`);
  for (const shape of having.slice(1)) {
    const standard = shape.properties?.[key]?.default;
    if (standard === undefined || printValue(standard) === printValue(first.default ?? null)) {
      continue;
    }
    notes.push(`${nameOf(shape)}: ${printValue(standard)}`);
  }
  if (notes.length === 0) return first;
  return { ...first, description: `${first.description ?? ""}; ${notes.join(", ")}` };
}

function nameOf({ properties = {} }: JsonSchema): string {
  const id = Object.values(properties).find((inner) => inner.const !== undefined)?.const;
  return id === undefined ? "another" : printValue(id);
}

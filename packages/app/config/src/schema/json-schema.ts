// The parts of JSON Schema that describe configurations.
import { z } from "zod";
import type { Value } from "../tree.js";

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
  /** Whether text stays text unless it is a canonical number or constant. */
  asWritten?: boolean;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
}

const jsonSchemas = new WeakMap<z.ZodType, JsonSchema>();

/** The JSON Schema of a schema's input, made once: it takes about 50 ms. */
export function jsonSchema(schema: z.ZodType): JsonSchema {
  const json = jsonSchemas.get(schema) ?? (z.toJSONSchema(schema, { io: "input" }) as JsonSchema);
  jsonSchemas.set(schema, json);
  return json;
}

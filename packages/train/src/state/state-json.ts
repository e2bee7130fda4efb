// States of random generators and sources as JSON: bytes as text.
import type { SavedValue, SourceState } from "../rows/rows.js";

/** The same with bytes as {"base64": …}. */
export function toJsonState(value: SavedValue): unknown {
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString("base64") };
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, toJsonState(v)]));
}

/** Undoes `toJsonState`. */
export function fromJsonState(value: unknown): SavedValue {
  if (typeof value !== "object" || value === null) return value as SavedValue;
  const { base64 } = value as { base64?: unknown };
  if (typeof base64 === "string") return new Uint8Array(Buffer.from(base64, "base64"));
  return Object.fromEntries(
    Object.entries(value).map(([k, v]) => [k, fromJsonState(v)]),
  ) as SourceState;
}

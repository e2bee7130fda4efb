// Values of files that nobody vouches for, as the types that the page expects: what is of another type or too long is
// cut or left out, never trusted.

const longest = 2000;

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const record = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {});

/** A text, shortened; "" for nothing, JSON for what is no text. */
export function text(value: unknown, most = longest): string {
  if (value === undefined || value === null) return "";
  const whole = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return whole.length > most ? `${whole.slice(0, most)}…` : whole;
}

export const textOrNull = (value: unknown): string | null =>
  typeof value === "string" && value !== "" ? text(value) : null;

/** A finite number; null for all else. */
export const number = (value: unknown): number | null =>
  typeof value === "number" && Number.isFinite(value) ? value : null;

/** A time in ISO 8601; null for all else. */
export const time = (value: unknown): string | null =>
  typeof value === "string" && value.length < 40 && Number.isFinite(Date.parse(value))
    ? value
    : null;

export const list = (value: unknown, most = 1000): unknown[] =>
  Array.isArray(value) ? value.slice(0, most) : [];

/** A tree of values as lines: "model.name" and the value as JSON. */
export function flattened(value: unknown, prefix = "", depth = 0): [string, string][] {
  if (!isRecord(value) || depth > 8) return [[prefix, shown(value)]];
  return Object.entries(value)
    .slice(0, 500)
    .flatMap(([key, inner]) => {
      const name = prefix === "" ? text(key, 200) : `${prefix}.${text(key, 200)}`;
      return isRecord(inner) && Object.keys(inner).length > 0
        ? flattened(inner, name, depth + 1)
        : [[name, shown(inner)] as [string, string]];
    });
}

const shown = (value: unknown): string => (value === null ? "null" : text(value));

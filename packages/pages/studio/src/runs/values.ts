const longest = 2000;

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A shortened text; "" for null, JSON for other types. */
export function text(value: unknown, most = longest): string {
  const whole = typeof value === "string" ? value : JSON.stringify(value ?? "");
  if (whole === '""') return "";
  return whole.length > most ? `${whole.slice(0, most)}…` : whole;
}

/** Lines "model.name" and the value as JSON. */
export function flattened(value: unknown, prefix = "", depth = 0): [string, string][] {
  if (!isRecord(value) || Object.keys(value).length === 0 || depth > 8)
    return [[prefix, value === null ? "null" : text(value)]];
  return Object.entries(value)
    .slice(0, 500)
    .flatMap(([key, inner]) =>
      flattened(inner, (prefix && `${prefix}.`) + text(key, 200), depth + 1),
    );
}

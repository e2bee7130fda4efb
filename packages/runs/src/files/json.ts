// JSON has no NaN and no infinity, and a loss can be either: they are written as strings and read
// back as numbers. Everything this room writes as JSON goes through here.
import { RunError } from "../errors.js";

const notFinite = ["NaN", "Infinity", "-Infinity"];

/** A value as JSON; numbers that are not finite become strings. Throws RunError "bad_argument". */
export function toJson(value: unknown, { indent = 0 } = {}): string {
  try {
    const text = JSON.stringify(value, (_, v) => (nonFinite(v) ? String(v) : v), indent);
    if (text !== undefined) return text;
  } catch (error) {
    throw new RunError("bad_argument", `this value cannot be written as JSON: ${error}`, {
      cause: error,
    });
  }
  throw new RunError("bad_argument", `a ${typeof value} cannot be written as JSON`);
}

/** Reads what toJson wrote. Throws RunError "corrupt" that names `source`. */
export function fromJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text, (_, v) => (notFinite.includes(v) ? Number(v) : v));
  } catch (error) {
    const cure = "restore it, or delete the run folder and run again";
    throw new RunError("corrupt", `${source} is not valid JSON (${error}): ${cure}`, {
      cause: error,
    });
  }
}

/** Reads a file of one JSON object a line; a last line without its end is left out. */
export function fromJsonLines(text: string, source: string): Record<string, unknown>[] {
  const lines = text.split("\n").slice(0, -1);
  return lines.flatMap((line, index) => {
    if (line.trim() === "") return [];
    return [fromJson(line, `line ${index + 1} of ${source}`) as Record<string, unknown>];
  });
}

function nonFinite(value: unknown): boolean {
  return typeof value === "number" && !Number.isFinite(value);
}

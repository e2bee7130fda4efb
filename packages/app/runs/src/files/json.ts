// JSON with NaN and infinities, which a loss can be: written as strings and read back as numbers.
import { existsSync } from "node:fs";
import { writeFileAtomic } from "@dsbm/files";
import type { z } from "zod";
import { RunError } from "../errors.js";
import { readText } from "./read.js";

const notFinite = ["NaN", "Infinity", "-Infinity"];

/** A value as JSON; NaN and infinities become strings. */
export const toJson = (value: unknown, { indent = 0 } = {}): string =>
  JSON.stringify(
    value,
    (_, v) => (typeof v === "number" && !Number.isFinite(v) ? String(v) : v),
    indent,
  );

/** Reads the text of toJson. Throws RunError "corrupt" that names `source`. */
export function fromJson(
  text: string,
  source: string,
  cure = "restore it, or delete the run folder and run again",
): unknown {
  try {
    return JSON.parse(text, (_, v) => (notFinite.includes(v) ? Number(v) : v));
  } catch (cause) {
    throw new RunError("corrupt", `${source} is not valid JSON (${cause}): ${cure}`, { cause });
  }
}

/** Writes indented JSON, atomically. Throws FileError. */
export const writeJson = (path: string, value: unknown): void =>
  writeFileAtomic(path, `${toJson(value, { indent: 2 })}\n`);

/** Throws RunError "corrupt" or FileError. */
export const readJson = (path: string, cure?: string): unknown =>
  fromJson(readText(path), path, cure);

interface FormatOptions<T> {
  schema: T;
  cure: string;
  /** The newest readable format. */
  newest?: number;
  /** The cure if the file is missing (default: `cure`). */
  missing?: string;
}

/**
 * Throws RunError "newer_format" with the version that wrote the value, or "corrupt" that names the
 * first wrong part, and `cure`.
 */
export function checkAs<T extends z.ZodType>(
  value: unknown,
  path: string,
  { schema, cure, newest = Number.POSITIVE_INFINITY }: FormatOptions<T>,
): z.output<T> {
  const { format, dsbm } = (value ?? {}) as { format?: unknown; dsbm?: unknown };
  if (typeof format === "number" && format > newest)
    throw new RunError(
      "newer_format",
      `${path} was written by dsbm ${printable(dsbm)} in format ${format}, this version reads up to format ${newest}: update dsbm`,
    );
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const part = printable(issue?.path.join(".") || "its content");
  throw new RunError("corrupt", `${path} is not as expected (${part}: ${issue?.message}): ${cure}`);
}

/** Reads a JSON file. Throws RunError "not_a_run" without a file, and as checkAs. */
export function readAs<T extends z.ZodType>(path: string, options: FormatOptions<T>): z.output<T> {
  if (existsSync(path)) return checkAs(readJson(path, options.cure), path, options);
  throw new RunError("not_a_run", `there is no ${path}: ${options.missing ?? options.cure}`);
}

/** Returns null if the file is missing or has another form. Throws RunError "corrupt". */
export const readIfAs = <T extends z.ZodType>(path: string, schema: T): z.output<T> | null =>
  existsSync(path) ? (schema.safeParse(readJson(path)).data ?? null) : null;

const printable = (value: unknown): string =>
  String(value)
    .slice(0, 100)
    .replace(/\p{Cc}/gu, "?");

/** Reads a file of one JSON object a line, without a cut last line. Throws RunError. */
export function readJsonLines(path: string): Record<string, unknown>[] {
  const lines = readText(path).split("\n").slice(0, -1);
  return lines.flatMap((line, index) => {
    if (line.trim() === "") return [];
    return [fromJson(line, `line ${index + 1} of ${path}`) as Record<string, unknown>];
  });
}

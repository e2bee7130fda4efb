// JSON with NaN and infinities, which a loss can be: written as strings and read back as numbers.
import { existsSync } from "node:fs";
import { writeFileAtomic } from "@dsbm/files";
import type { z } from "zod";
import { RunError } from "../errors.js";
import { readText } from "./read.js";

const notFinite = ["NaN", "Infinity", "-Infinity"];

/** A value as JSON; NaN and infinities become strings. Throws RunError "bad_argument". */
export function toJson(value: unknown, { indent = 0 } = {}): string {
  const finite = (_: string, v: unknown) =>
    typeof v === "number" && !Number.isFinite(v) ? String(v) : v;
  try {
    return JSON.stringify(value, finite, indent);
  } catch (cause) {
    const what = `this value cannot be written as JSON: ${cause}`;
    throw new RunError("bad_argument", what, { cause });
  }
}

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

/** Throws RunError "corrupt" that names the first wrong part, and `cure`. */
export function readAs<T extends z.ZodType>(path: string, schema: T, cure: string): z.output<T> {
  return checkAs(readJson(path, cure), { path, schema, cure });
}

function checkAs<T extends z.ZodType>(
  value: unknown,
  { path, schema, cure }: { path: string; schema: T; cure: string },
): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const part = printable(issue?.path.join(".") || "its content");
  throw new RunError("corrupt", `${path} is not as expected (${part}: ${issue?.message}): ${cure}`);
}

/** Returns null if the file is missing or has another form. Throws RunError "corrupt". */
export const readIfAs = <T extends z.ZodType>(path: string, schema: T): z.output<T> | null =>
  existsSync(path) ? (schema.safeParse(readJson(path)).data ?? null) : null;

interface FormatOptions<T> {
  path: string;
  newest: number;
  schema: T;
  cure: string;
}

/** Throws RunError "newer_format" with the version that wrote it, or "corrupt". */
export function checkFormat<T extends z.ZodType>(
  value: unknown,
  { newest, ...options }: FormatOptions<T>,
): z.output<T> {
  const { format, dsbm } = (value ?? {}) as { format?: unknown; dsbm?: unknown };
  if (typeof format === "number" && format > newest)
    throw new RunError(
      "newer_format",
      `${options.path} was written by dsbm ${printable(dsbm)} in format ${format}, this version reads up to format ${newest}: update dsbm`,
    );
  return checkAs(value, options);
}

/**
 * Reads a JSON file with a format number. Throws RunError "not_a_run" without a file, and as
 * checkFormat.
 */
export function readFormat<T extends z.ZodType>(
  path: string,
  { missing, ...options }: Omit<FormatOptions<T>, "path"> & { missing: string },
): z.output<T> {
  if (existsSync(path)) return checkFormat(readJson(path), { path, ...options });
  throw new RunError("not_a_run", `there is no ${path}: ${missing}`);
}

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

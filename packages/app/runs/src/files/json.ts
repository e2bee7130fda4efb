// JSON has no NaN and no infinity, and a loss can be either: they are written as strings and read
// back as numbers. All JSON of a run folder goes through here.
import { existsSync } from "node:fs";
import { RunError } from "../errors.js";
import { readText } from "./read.js";
import { writeFileAtomic } from "./write.js";

const notFinite = ["NaN", "Infinity", "-Infinity"];

/** A value as JSON; numbers that are not finite become strings. Throws RunError "bad_argument". */
export function toJson(value: unknown, { indent = 0 } = {}): string {
  try {
    const finite = (_: string, v: unknown) =>
      typeof v === "number" && !Number.isFinite(v) ? String(v) : v;
    const text = JSON.stringify(value, finite, indent);
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

/** Writes a value as a file of indented JSON, atomically. Throws RunError. */
export function writeJson(path: string, value: unknown): void {
  writeFileAtomic(path, `${toJson(value, { indent: 2 })}\n`);
}

/** Reads a JSON file. Throws RunError. */
export const readJson = (path: string): unknown => fromJson(readText(path), path);

/**
 * Reads a JSON file with a format number. Throws RunError "not_a_run" where there is no file, "corrupt"
 * without a number, and "newer_format" with the version that wrote it.
 */
export function readFormatted(
  path: string,
  { newest, missing, broken }: { newest: number; missing: string; broken: string },
): Record<string, unknown> & { format: number } {
  if (!existsSync(path)) throw new RunError("not_a_run", `there is no ${path}: ${missing}`);
  const value = readJson(path) as { format?: unknown; dsbm?: unknown } | null;
  const format = value?.format;
  if (typeof format !== "number")
    throw new RunError("corrupt", `${path} has no format number: ${broken}`);
  if (format > newest)
    throw new RunError(
      "newer_format",
      `${path} was written by dsbm ${value?.dsbm ?? "(unknown version)"} in format ${format}, this version reads up to format ${newest}: update dsbm`,
    );
  return { ...value, format };
}

/** Reads a file of one JSON object a line; a last line without its end is left out. Throws RunError. */
export function readJsonLines(path: string): Record<string, unknown>[] {
  const lines = readText(path).split("\n").slice(0, -1);
  return lines.flatMap((line, index) => {
    if (line.trim() === "") return [];
    return [fromJson(line, `line ${index + 1} of ${path}`) as Record<string, unknown>];
  });
}

/** Writes such a file, atomically. Throws RunError. */
export function writeJsonLines(path: string, rows: readonly object[]): void {
  writeFileAtomic(path, rows.map((row) => `${toJson(row)}\n`).join(""));
}

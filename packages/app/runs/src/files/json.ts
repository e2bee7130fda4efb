// Reads files of a run, which may come from anyone, and writes JSON with NaN and infinities as strings; texts that read the same get a backslash.
import { type Dirent, existsSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileOperation, makeFolder, withPlainFile, writeFileAtomic } from "@dsbm/files";
import { z } from "zod";
import { RunError } from "../errors.js";

/**
 * The text of a file, not of a pipe, which could wait for ever.
 * @throws {FileError}
 */
export const readText = (path: string): string =>
  withPlainFile(path, (fd) => readFileSync(fd, "utf8"), { mayBeLink: true });

/**
 * Sorted names of the matching entries of a folder; [] if it does not exist.
 * @throws {FileError}
 */
export function namesIn(folder: string, matches: (entry: Dirent) => boolean): string[] {
  if (!existsSync(folder)) return [];
  const entries = () => readdirSync(folder, { withFileTypes: true });
  const entriesOfFolder = fileOperation("list", folder, entries).filter(matches);
  return entriesOfFolder.map(({ name }) => name).sort();
}

/**
 * Removes plain files by name.
 * @throws {FileError}
 */
export function removeFiles(folder: string, matches: (name: string) => boolean): void {
  for (const name of namesIn(folder, (entry) => entry.isFile() && matches(entry.name))) {
    const path = join(folder, name);
    fileOperation("remove", path, () => rmSync(path, { force: true }));
  }
}

/**
 * Moves a file or folder, and makes missing folders.
 * @throws {FileError}
 */
export function movePath(from: string, to: string): void {
  makeFolder(dirname(to));
  fileOperation("move", from, () => renameSync(from, to));
}

/** A number, also NaN and infinities. */
export const realNumber = z.custom<number>((value) => typeof value === "number");
/** A number; null if it is missing or has another form. */
export const realOrNull = realNumber.nullable().catch(null);
/** A text; null if it is missing or has another form. */
export const textOrNull = z.string().nullable().catch(null);
/** A text; "" if it is missing or has another form. */
export const text = z.string().catch("");

/** A list without items of another form. */
export const listOf = <T extends z.ZodType>(item: T) =>
  z
    .array(z.unknown())
    .catch([])
    .transform((items) =>
      items.flatMap((value): z.output<T>[] => {
        const { success, data } = item.safeParse(value);
        return success ? [data] : [];
      }),
    );

const notFinite = /^(\\*)(NaN|-?Infinity)$/;

function encodeNumber(value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  return typeof value === "string" && notFinite.test(value) ? `\\${value}` : value;
}

function decodeNumber(value: unknown): unknown {
  if (typeof value !== "string" || !notFinite.test(value)) return value;
  return value.startsWith("\\") ? value.slice(1) : Number(value);
}

/**
 * A value as JSON. NaN and infinities become strings; a text "NaN", "Infinity" or "-Infinity", such
 * as the name of a column, gets a backslash in front.
 */
export const toJson = (value: unknown, { indent = 0 } = {}): string =>
  JSON.stringify(value, (_, v) => encodeNumber(v), indent);

/**
 * Reads the text of toJson.
 * @throws {RunError} "corrupt" that names `source`.
 */
export function fromJson(
  text: string,
  source: string,
  cure = "restore it, or delete the run folder and run again",
): unknown {
  try {
    return JSON.parse(text, (_, v) => decodeNumber(v));
  } catch (cause) {
    throw new RunError("corrupt", `${source} is not valid JSON (${cause}): ${cure}`, { cause });
  }
}

/**
 * Writes indented JSON, atomically.
 * @throws {FileError}
 */
export const writeJson = (path: string, value: unknown): void =>
  writeFileAtomic(path, `${toJson(value, { indent: 2 })}\n`);

/**
 * Reads a JSON file.
 * @throws {RunError | FileError} "corrupt", or why the file cannot be read.
 */
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
 * Checks a value of a file against its schema, and returns it.
 * @throws {RunError} "newer_format" with the version that wrote the value, or "corrupt" that names the first wrong
 * part, and `cure`.
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

/**
 * Reads a JSON file.
 * @throws {RunError} "not_a_run" without a file, and as checkAs.
 */
export function readAs<T extends z.ZodType>(path: string, options: FormatOptions<T>): z.output<T> {
  if (existsSync(path)) return checkAs(readJson(path, options.cure), path, options);
  throw new RunError("not_a_run", `there is no ${path}: ${options.missing ?? options.cure}`);
}

/**
 * Returns null if the file is missing or has another form.
 * @throws {RunError} "corrupt".
 */
export const readIfAs = <T extends z.ZodType>(path: string, schema: T): z.output<T> | null =>
  existsSync(path) ? (schema.safeParse(readJson(path)).data ?? null) : null;

const printable = (value: unknown): string =>
  String(value)
    .slice(0, 100)
    .replace(/\p{Cc}/gu, "?");

/**
 * Reads a file of one JSON object a line, without a cut last line.
 * @throws {RunError}
 */
export function readJsonLines(path: string): Record<string, unknown>[] {
  const lines = readText(path).split("\n").slice(0, -1);
  return lines.flatMap((line, index) => {
    if (line.trim() === "") return [];
    return [fromJson(line, `line ${index + 1} of ${path}`) as Record<string, unknown>];
  });
}

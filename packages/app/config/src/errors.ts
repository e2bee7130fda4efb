import { nearestName, objectOption, shortageOf, UserError } from "@dsbm/files";

type ConfigErrorCode =
  | "syntax" // invalid grammar of an override
  | "option" // an unknown -option
  | "sweep" // a list of values without --multirun, or too many members
  | "unknown_key" // a key outside the configuration
  | "value" // a value of the wrong type or out of range
  | "preset" // a missing or malformed preset or group
  | "yaml" // invalid YAML
  | "missing" // a missing file or folder
  | "shape" // samples of another shape or type
  | "not_finite" // samples that are NaN or infinite
  | "disposed" // a bridge that was disposed
  | "usage"; // anything else

/** User errors, a line for each problem; `code` belongs to the first. */
export class ConfigError extends UserError {
  /** For checks without `instanceof`. */
  override readonly name = "ConfigError";
  override readonly exitCode = 2;
  /** The kind of the first problem. */
  readonly code: ConfigErrorCode;
  /** One line for each problem. */
  readonly problems: readonly string[];

  constructor(
    problems: string | readonly string[],
    code: ConfigErrorCode = "usage",
    options?: ErrorOptions,
  ) {
    const lines = [...new Set([problems].flat().map(onOneLine).map(inReaderStyle))];
    super(lines.join("\n"), options);
    this.code = code;
    this.problems = lines;
  }
}

/**
 * Changes each line of a task's ConfigError.
 * @throws {ConfigError} with the changed lines, and every other error of the task.
 */
export function withLines<T>(change: (line: string) => string, task: () => T): T {
  try {
    return task();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(error.problems.map(change), error.code, { cause: error });
  }
}

/** Quotes text for a message: in double quotes, on one line, at most 80 characters. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 79)}…` : text);
}

function onOneLine(text: string): string {
  return text.replace(/\s*[\r\n\u2028\u2029]+\s*/g, " ").trim();
}

/** A command with its arguments, or an option key=value of a line. */
const commandOrOption = /\bdsbm [^;,]*|(?<=^|[\s(])([a-z]\w*(?:\.\w+)*)=(\[[^\]]*\]|[^\s,;:)]+)/g;

/** The options of a line as properties, for programs; commands stay as they are typed. */
const inReaderStyle = (line: string): string =>
  line.replace(commandOrOption, (text, key?: string, value = "") =>
    key === undefined ? text : (objectOption(key, typedText(value)) ?? text),
  );

/** A value as a program writes it: constants and lists of numbers, else a text. */
function typedText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Ends an "unknown …" message with the closest name, or else `otherwise`, or else all names. */
export function suggestion(word: string, candidates: readonly string[], otherwise = ""): string {
  const near = nearestName(word, candidates);
  if (near !== undefined) return `did you mean ${JSON.stringify(near)}?`;
  if (otherwise !== "") return otherwise;
  return candidates.length > 0 ? `there are: ${candidates.join(", ")}` : "there are none";
}

let prefix = "dsbm";

/** Names this process in its errors, if several processes share a terminal. */
export function setLogPrefix(name: string): void {
  prefix = `dsbm: ${name}`;
}

/** Text for the user, a line for each problem or shortage. Bugs keep their stack trace. */
export function describeError(error: unknown): string {
  if (error instanceof UserError) return error.message.replace(/^/gm, `${prefix}: `);
  const shortage = shortageOf(error);
  if (shortage !== undefined) return `${prefix}: ${shortage}`;
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `${prefix}: this is a bug in dsbm, please report it:\n${trace}`;
}

/** The exit code: 2 for impossible arguments and missing paths, 1 for later failures. */
export const exitCodeOf = (error: unknown): number =>
  error instanceof UserError ? error.exitCode : 1;

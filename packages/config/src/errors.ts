// Errors of what the user wrote: one class, a stable code, and one line for each problem, with what to do.

export type ConfigErrorCode =
  | "syntax" // an override that does not follow the grammar
  | "option" // an unknown -option
  | "sweep" // a list of values without --multirun, or far too many members
  | "unknown_key" // a key that the configuration does not have
  | "existing_key" // +key=value for a key that is there already
  | "value" // a value of the wrong type or out of range
  | "reference" // ${…} that points nowhere or cannot be written into text
  | "cycle" // references or presets that lead back to themselves
  | "preset" // a preset file or group that does not exist or is malformed
  | "yaml"; // a file that is not YAML

/**
 * A problem in what the user wrote; `problems` holds one line each and `message` joins them.
 * The code is that of the first problem.
 */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly code: ConfigErrorCode;
  readonly problems: readonly string[];

  constructor(code: ConfigErrorCode, problems: string | readonly string[], options?: ErrorOptions) {
    const lines = [...new Set([problems].flat().map(oneLine))];
    super(lines.join("\n"), options);
    this.code = code;
    this.problems = lines;
  }
}

/**
 * Maps items and reports the problems of all of them at once instead of only the first.
 * Throws one ConfigError with every distinct problem; any other error passes through.
 */
export function mapReportingAll<A, B>(items: Iterable<A>, task: (item: A) => B): B[] {
  const results: B[] = [];
  const errors: ConfigError[] = [];
  for (const item of items) {
    try {
      results.push(task(item));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      errors.push(error);
    }
  }
  const [first] = errors;
  if (first === undefined) return results;
  if (errors.length === 1) throw first;
  throw new ConfigError(
    first.code,
    errors.flatMap((error) => error.problems),
  );
}

/** Runs all tasks and returns their results; problems are reported as by mapReportingAll. */
export const runReportingAll = <T extends readonly unknown[]>(
  ...tasks: { [K in keyof T]: () => T[K] }
): T => mapReportingAll<() => unknown, unknown>(tasks, (task) => task()) as unknown as T;

/** Runs a task; each line of its ConfigError is changed. */
export function withLines<T>(change: (line: string) => string, task: () => T): T {
  try {
    return task();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(error.code, error.problems.map(change), { cause: error });
  }
}

/** Text for a message: in double quotes, on one line, at most 80 characters. */
export function quote(text: string): string {
  const shown = text.length > 80 ? `${text.slice(0, 79)}…` : text;
  return JSON.stringify(shown);
}

function oneLine(text: string): string {
  return text.replace(/\s*[\r\n\u2028\u2029]+\s*/g, " ").trim();
}

// Errors in what the user wrote: a line for each problem, with the cure.

export type ConfigErrorCode =
  | "syntax" // an override outside the grammar
  | "option" // an unknown -option
  | "sweep" // a list of values without --multirun, or too many members
  | "unknown_key" // a key that the configuration does not have
  | "value" // a value of the wrong type or out of range
  | "reference" // ${…} that points nowhere, or cannot be written into text
  | "cycle" // references or presets that lead back to themselves
  | "preset" // a preset or a group that does not exist or is malformed
  | "yaml" // a file that is not YAML
  | "usage"; // a command line without what the command needs

/** Problems in what the user wrote, a line each; `code` is that of the first one. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly code: ConfigErrorCode;
  readonly problems: readonly string[];

  constructor(code: ConfigErrorCode, problems: string | readonly string[], options?: ErrorOptions) {
    const lines = [...new Set([problems].flat().map(onOneLine))];
    super(lines.join("\n"), options);
    this.code = code;
    this.problems = lines;
  }
}

/** Maps items, and throws one ConfigError with the problems of all of them instead of only the first. */
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

/** Runs all tasks and returns their results. Throws as `mapReportingAll`. */
export const runReportingAll = <T extends readonly unknown[]>(
  ...tasks: { [K in keyof T]: () => T[K] }
): T => mapReportingAll<() => unknown, unknown>(tasks, (task) => task()) as unknown as T;

/** Changes each line of a task's ConfigError. */
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
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 79)}…` : text);
}

function onOneLine(text: string): string {
  return text.replace(/\s*[\r\n\u2028\u2029]+\s*/g, " ").trim();
}

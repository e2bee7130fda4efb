// What a logger is, and the loggers there are by the name that the key LOGGER gives them.
import type { Cell } from "./csv.js";
import { csvLogger } from "./logger/csv.js";
import { jsonlLogger } from "./logger/jsonl.js";
import { noneLogger } from "./logger/none.js";

/** A place that takes rows of named values as training goes on. */
export interface Logger {
  /** Takes one row. Throws RunError when it cannot be written. */
  log(row: Readonly<Record<string, Cell>>): void;
  /** Flushes and closes; a second call does nothing. */
  close(): void;
}

/** Opens a logger that writes to `path` (none ignores it). */
export const loggers = {
  CSV: csvLogger,
  JSONL: jsonlLogger,
  NONE: noneLogger,
} satisfies Record<string, (path: string) => Logger>;

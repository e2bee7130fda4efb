// Rows into a file of one JSON object a line; each row has the keys it has.
import { openLineWriter } from "../atomic.js";
import { toJson } from "../json.js";
import type { Logger } from "../logger.js";

/** A logger that appends to a .jsonl file. */
export function jsonlLogger(path: string): Logger {
  const lines = openLineWriter(path);
  return { log: (row) => lines.append(toJson(row)), close: lines.close };
}

// warnings.jsonl: a line for each warning of a run, for readers of the report.
import { existsSync } from "node:fs";
import { openAppendFile } from "@dsbm/files";
import { z } from "zod";
import { readJsonLines, text } from "../files/json.js";
import { runPaths } from "./layout.js";

const warning = z.object({
  /** ISO 8601 in UTC; "" if unknown. */
  time: text,
  /** For people, without "warning: ". */
  text: z.string(),
});

/** A warning of a run and its time. */
export type RunWarning = z.output<typeof warning>;

/**
 * Adds a warning to the file of a run.
 * @throws {FileError}
 */
export function appendWarning(folder: string, message: string): void {
  const row: RunWarning = { time: new Date().toISOString(), text: message };
  const lines = openAppendFile(runPaths(folder).warnings_jsonl);
  try {
    lines.append(`${JSON.stringify(row)}\n`);
  } finally {
    lines.close();
  }
}

/**
 * The warnings of a run, each text once, since a resumed run repeats them; [] without a file.
 * @throws {RunError} "corrupt" for a damaged line.
 */
export function readWarnings(folder: string): RunWarning[] {
  const { warnings_jsonl: path } = runPaths(folder);
  const rows = existsSync(path) ? readJsonLines(path) : [];
  const warnings = rows.flatMap((row) => warning.safeParse(row).data ?? []);
  return [...new Map(warnings.map((one) => [one.text, one])).values()];
}

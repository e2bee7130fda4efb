// Values in log.jsonl: one JSON object a line, with the step and the values that it has.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { openLineWriter } from "../files/append.js";
import { readJsonLines, toJson, writeJsonLines } from "../files/json.js";
import { checkStep, checkValues } from "./check.js";
import type { Logger, LoggerOptions } from "./logger.js";

/** A logger that appends to log.jsonl in a folder. */
export function jsonlLogger(folder: string, { from }: LoggerOptions = {}): Logger {
  const path = join(folder, "log.jsonl");
  if (from !== undefined) {
    checkStep(from, "from");
    const rows = existsSync(path) ? readJsonLines(path) : [];
    const kept = rows.filter(({ step }) => typeof step === "number" && step < from);
    if (kept.length < rows.length) writeJsonLines(path, kept);
  }
  const lines = openLineWriter(path);
  return {
    log(step, values) {
      checkValues(step, values);
      lines.append(toJson({ step, ...values }));
    },
    images() {},
    texts() {},
    flush: lines.flush,
    close: lines.close,
  };
}

// Values into log.jsonl, one JSON object a line with the step and the values it has.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileError } from "../errors.js";
import { fromJsonLines, toJson } from "../files/json.js";
import { openLineWriter, writeFileAtomic } from "../files/write.js";
import { checkStep, checkValues } from "./check.js";
import type { Logger, LoggerOptions } from "./logger.js";

/** A logger that appends to log.jsonl in a folder. */
export function jsonlLogger(folder: string, { from }: LoggerOptions = {}): Logger {
  if (from !== undefined) checkStep(from, "from");
  const path = join(folder, "log.jsonl");
  if (from !== undefined && existsSync(path)) forget(path, from);
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

/** Removes the lines of a step and all later ones. */
function forget(path: string, from: number): void {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw fileError("read", path, error);
  }
  const rows = fromJsonLines(text, path);
  const kept = rows.filter(({ step }) => typeof step === "number" && step < from);
  if (kept.length < rows.length)
    writeFileAtomic(path, kept.map((row) => `${toJson(row)}\n`).join(""));
}

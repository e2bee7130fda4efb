// The logger that keeps nothing, so that callers need no "if".
import type { Logger } from "./logger.js";

/** A logger that drops everything. */
export function noneLogger(): Logger {
  return { log() {}, images() {}, texts() {}, flush() {}, close() {} };
}

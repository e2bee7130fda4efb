// Tests look at the error itself (code and lines), so they need it as a value.

import { expect } from "vitest";
import { ConfigError } from "../src/errors.js";

/** The ConfigError that a function throws; fails when it throws none or something else. */
export function thrownError(run: () => unknown): ConfigError {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error("expected a ConfigError, nothing was thrown");
}

/** Expects a ConfigError in one line: this text, or a match. */
export function expectRefused(run: () => unknown, message: RegExp | string, code?: string): void {
  const error = thrownError(run);
  if (code !== undefined) expect(error.code).toBe(code);
  if (typeof message === "string") expect(error.message).toBe(message);
  else expect(error.message).toMatch(message);
  expect(error.message).not.toContain("\n");
}

// Tests look at the error itself (code and lines), so they need it as a value.

import { ConfigError } from "../src/errors.js";

/** The ConfigError that a function throws; fails when it throws none or something else. */
export function thrown(run: () => unknown): ConfigError {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error("expected a ConfigError, nothing was thrown");
}

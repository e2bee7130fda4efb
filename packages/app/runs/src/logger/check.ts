// Checks of steps and values that all loggers share.
import { RunError } from "../errors.js";

/** Throws RunError "bad_argument" unless the step is a whole number from 0 on. */
export function checkStep(step: number, what = "step"): void {
  if (Number.isSafeInteger(step) && step >= 0) return;
  throw new RunError("bad_argument", `${what} is ${step}, expected a whole number from 0 on`);
}

/** Throws RunError "bad_argument" for an empty name, the name "step", or a value that is not a number. */
export function checkValues(step: number, values: Readonly<Record<string, unknown>>): void {
  checkStep(step);
  for (const [name, value] of Object.entries(values)) {
    if (name === "" || name === "step")
      throw new RunError(
        "bad_argument",
        `a value to log is named "${name}", expected another name: the step is given on its own`,
      );
    if (value !== null && typeof value !== "number")
      throw new RunError(
        "bad_argument",
        `the value "${name}" to log is a ${typeof value}, expected a number or null: log texts with texts()`,
      );
  }
}

import { FileError, UserError } from "@dsbm/files";

/** Codes of RunError. */
export type RunErrorCode =
  | "bad_argument"
  | "not_found"
  | "not_a_run"
  | "newer_format"
  | "corrupt"
  | "columns"
  | "picture";

/** An error about a run folder or a figure, with a stable `code` and its cause. */
export class RunError extends UserError {
  /** For checks without `instanceof`. */
  override readonly name = "RunError";
  /** The kind of the error. */
  readonly code: RunErrorCode;
  /** 2 if the arguments name no run. */
  override readonly exitCode: 1 | 2;

  constructor(code: RunErrorCode, message: string, options?: ErrorOptions) {
    super(message.replace(/\s*\n\s*/g, " "), options);
    this.code = code;
    this.exitCode = code === "not_a_run" ? 2 : 1;
  }
}

/** Whether a run is missing, damaged or unreadable. */
export const isRunFault = (error: unknown): error is RunError | FileError =>
  error instanceof RunError || error instanceof FileError;

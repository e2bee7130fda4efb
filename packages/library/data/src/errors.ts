/** Codes are stable when the text changes. */
export type DatasetCode =
  | "Unreadable"
  | "BadGzip"
  | "BadZip"
  | "BadPicture"
  | "BadArray"
  | "BadTable"
  | "ChangedFile"
  | "NotIdx"
  | "UnsupportedType"
  | "SizeMismatch"
  | "BadLabel"
  | "WrongSet"
  | "MissingFiles"
  | "NotPrepared"
  | "UnknownSet"
  | "InvalidOption";

/** Missing or wrong data: the given value, the expected value, the cure. */
export class DatasetError extends Error {
  /** For checks without `instanceof`. */
  override readonly name = "DatasetError";

  constructor(
    /** The kind of the error. */
    readonly code: DatasetCode,
    message: string,
  ) {
    super(message.replace(/\s+/g, " "));
  }
}

export const badTable = (path: string, problem: string): DatasetError =>
  new DatasetError("BadTable", `${path}: ${problem}`);

export const invalidOption = (message: string): DatasetError =>
  new DatasetError("InvalidOption", message);

export function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

import { nearest } from "@dsbm/files";

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

export function didYouMean(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return near === undefined ? "" : `; did you mean ${JSON.stringify(near)}?`;
}

export { firstOf } from "@dsbm/files";

const bare = /^[\p{L}\p{N}_./+@%#^-]+$/u;
const constants = /^([+-]?(\d.*|\.\d.*|inf|nan)|null|true|false)$/i;

/** An override as a shell takes it: data.exclude=a,b, or 'data.exclude="a, b"' for names with other signs. */
export function setting(key: string, names: readonly string[]): string {
  if (names.every((name) => bare.test(name) && !constants.test(name)))
    return `${key}=${names.join()}`;
  const quoted = names
    .map((name) =>
      name.replace(/(\\*)("|$)/g, (_, slashes, end) => slashes + slashes + (end && '\\"')),
    )
    .map((name) => `"${name}"`);
  const value = quoted.length === 1 ? quoted[0] : `[${quoted.join()}]`;
  return `'${`${key}=${value}`.replaceAll("'", "'\\''")}'`;
}

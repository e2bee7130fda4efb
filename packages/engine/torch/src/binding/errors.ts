/** Codes of errors about files. */
export type FormatCode =
  | "Unreadable"
  | "NotThisFormat"
  | "NotTrusted"
  | "HeaderTooShort"
  | "HeaderTooLarge"
  | "InvalidHeader"
  | "InvalidOffset"
  | "InvalidShape"
  | "InvalidValue"
  | "SizeMismatch"
  | "IncompleteFile"
  | "UnknownDtype"
  | "DuplicateName"
  | "UnknownName"
  | "OutOfRange"
  | "Closed";

interface ErrorSubject {
  op?: string | undefined;
  /** The file, or a name for bytes without a file. */
  source?: string;
  ranks?: readonly number[];
  cause?: unknown;
}

/** An error of the engine or of libtorch, in one line; `code` is stable. */
export class TorchError extends Error {
  /** For checks without `instanceof`. */
  override readonly name = "TorchError";
  /** The failed operation. */
  readonly op: string | undefined;
  /** The file, or the name of bytes without a file. */
  readonly source: string | undefined;
  /** The ranks at fault. */
  readonly ranks: readonly number[] | undefined;

  constructor(
    /** A FormatCode for files and arrays, otherwise ERR_…. */
    readonly code: FormatCode | `ERR_${string}`,
    message: string,
    { op, source, ranks, cause }: ErrorSubject = {},
  ) {
    super(message.replace(/\s*\n\s*/g, " ").trim(), cause === undefined ? undefined : { cause });
    this.op = op;
    this.source = source;
    this.ranks = ranks;
  }
}

export function translate(error: unknown, op?: string, detail = ""): unknown {
  if (!(error instanceof Error) || error instanceof TorchError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (typeof code !== "string" || !/^ERR_(TORCH|NAPI)/.test(code)) return error;
  const message =
    op && !error.message.startsWith(op) ? `${op}${detail}: ${error.message}` : error.message;
  return new TorchError(code as `ERR_${string}`, message, { op, cause: error.message });
}

export function invalid(message: string): TorchError {
  return new TorchError("ERR_TORCH_VALUE", message);
}

/** An error about a file; makes one line of at most 500 characters. */
export function formatError(code: FormatCode, source: string, problem: string): TorchError {
  // Names in files can hold anything, line breaks and megabytes included; a message cannot.
  const line = `${source}: ${problem}`.replace(/[\s\p{Cc}]+/gu, " ");
  return new TorchError(code, line.length > 500 ? `${line.slice(0, 499)}…` : line, { source });
}

/** Whether an error is about a file or an array: its `code` is a FormatCode. */
export const isFormatError = (error: unknown): error is TorchError & { source: string } =>
  error instanceof TorchError && error.source !== undefined;

export function refusePromise(value: unknown, what: string): void {
  if (!(value instanceof Promise)) return;
  value.catch(() => {});
  throw invalid(`${what} is synchronous, but its function returned a promise`);
}

const longest = 10_000_000;

/** The length of a list. Throws for a list that would take minutes. */
export function lengthOf(list: readonly unknown[]): number {
  const { length } = list;
  if (length > longest)
    throw invalid(`an array of ${length} elements is too long: expected at most ${longest}`);
  return length;
}

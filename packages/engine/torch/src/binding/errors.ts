import { UserError } from "@dsbm/files";

/** Codes of errors of calls. */
export type CallCode =
  /** Sizes, ranks or counts of tensors that do not fit together. */
  | "ERR_TORCH_SHAPE"
  /** An unknown or refused option, hyperparameter or argument name. */
  | "ERR_TORCH_OPTION"
  /** The tensor was disposed of. */
  | "ERR_TORCH_DISPOSED"
  /** A value of another type than the argument's. */
  | "ERR_TORCH_TYPE"
  /** A value of the right type that cannot be taken. */
  | "ERR_TORCH_VALUE"
  /** A dimension or an index beyond the end. */
  | "ERR_TORCH_INDEX"
  /** More memory than the machine or the limit has. */
  | "ERR_TORCH_MEMORY"
  /** No kernel for this dtype or device. */
  | "ERR_TORCH_NOT_IMPLEMENTED"
  /** No operation of that name. */
  | "ERR_TORCH_MISSING_OP"
  /** An operation that `call` does not reach. */
  | "ERR_TORCH_UNSAFE"
  /** Work that a recorded program cannot repeat. */
  | "ERR_TORCH_RECORDING"
  /** TorchScript that fails. */
  | "ERR_TORCH_SCRIPT"
  /** Another rank, or the way to it. */
  | "ERR_TORCH_DISTRIBUTED"
  /** The engine itself cannot be built or loaded. */
  | "ERR_TORCH_LOAD"
  /** Node refused a call of the addon. */
  | "ERR_NAPI"
  /** Any other error of libtorch. */
  | "ERR_TORCH";

/** Codes of errors about files. */
export type FormatCode =
  | "Missing"
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
export class TorchError extends UserError {
  /** For checks without `instanceof`. */
  override readonly name = "TorchError";
  /** The failed operation. */
  readonly op: string | undefined;
  /** The file, or the name of bytes without a file. */
  readonly source: string | undefined;
  /** The ranks at fault. */
  readonly ranks: readonly number[] | undefined;

  constructor(
    /** A FormatCode for files and arrays, otherwise a CallCode. */
    readonly code: FormatCode | CallCode,
    message: string,
    { op, source, ranks, cause }: ErrorSubject = {},
  ) {
    super(message.replace(/\s*\n\s*/g, " ").trim(), cause === undefined ? undefined : { cause });
    this.op = op;
    this.source = source;
    this.ranks = ranks;
  }
}

/** The TorchError of an error of the addon, with the operation in front; other errors as they are. */
export function translate(error: unknown, op?: string, detail = ""): unknown {
  if (!(error instanceof Error) || error instanceof TorchError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (typeof code !== "string" || !/^ERR_(TORCH|NAPI)/.test(code)) return error;
  const message =
    op && !error.message.startsWith(op) ? `${op}${detail}: ${error.message}` : error.message;
  const kind = kindOf(code as CallCode, error.message);
  return new TorchError(kind, message, { op, cause: error.message });
}

/** What libtorch says in errors of one class. */
const ofShapes =
  /\b(shapes?|sizes?|dimensions?|dims?|numel|elements|channels|broadcast\w*|[1-5]-?D)\b/i;
const ofKernels = /not implemented for '\w+'/;

function kindOf(code: CallCode, message: string): CallCode {
  if (code !== "ERR_TORCH") return code;
  if (ofKernels.test(message)) return "ERR_TORCH_NOT_IMPLEMENTED";
  return ofShapes.test(message) ? "ERR_TORCH_SHAPE" : code;
}

/** The error of an impossible value, or of another code. */
export function invalidValue(message: string, code: CallCode = "ERR_TORCH_VALUE"): TorchError {
  return new TorchError(code, message);
}

/** The error of an option that cannot be taken. */
export const refusedOption = (message: string): TorchError =>
  invalidValue(message, "ERR_TORCH_OPTION");

/** The error of sizes that do not fit. */
export const misfit = (message: string): TorchError => invalidValue(message, "ERR_TORCH_SHAPE");

/** An error about a file; makes one line of at most 500 characters. */
export function formatError(code: FormatCode, source: string, problem: string): TorchError {
  // Names in files can hold anything, line breaks and megabytes included; a message cannot.
  const line = `${source}: ${problem}`.replace(/[\s\p{Cc}]+/gu, " ");
  return new TorchError(code, line.length > 500 ? `${line.slice(0, 499)}…` : line, { source });
}

/** Whether an error is about a file or an array: its `code` is a FormatCode. */
export const isFormatError = (error: unknown): error is TorchError & { source: string } =>
  error instanceof TorchError && error.source !== undefined;

/**
 * Refuses the result of a function that must be synchronous.
 * @throws {TorchError} for a promise, whose rejection is then ignored
 */
export function refusePromise(value: unknown, what: string): void {
  if (!(value instanceof Promise)) return;
  value.catch(() => {});
  throw invalidValue(`${what} is synchronous, but its function returned a promise`);
}

const longestList = 10_000_000;

/**
 * The length of a list.
 * @throws for a list that would take minutes.
 */
export function lengthOf(list: readonly unknown[]): number {
  const { length } = list;
  if (length > longestList)
    throw invalidValue(
      `an array of ${length} elements is too long: expected at most ${longestList}`,
    );
  return length;
}

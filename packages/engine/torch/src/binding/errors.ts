// The errors of the engine: one class with a stable code, and subclasses for errors that callers handle differently.

/** An error of the engine or of libtorch: `code` is stable, `op` names the operation where there is one. */
export class TorchError extends Error {
  override name = "TorchError";
  constructor(
    readonly code: string,
    message: string,
    readonly op?: string,
    cause?: unknown,
  ) {
    super(message.replace(/\s*\n\s*/g, " ").trim(), cause === undefined ? undefined : { cause });
  }
}

/** A tensor was used after its disposal (by hand, by its scope, or by `using`). */
export class DisposedError extends TorchError {
  override name = "DisposedError";
}

/** Something inside a recorded function cannot be recorded; the message names it. */
export class RecordingError extends TorchError {
  override name = "RecordingError";
}

/** The requested memory is not available. */
export class OutOfMemoryError extends TorchError {
  override name = "OutOfMemoryError";
}

/** The linked libtorch has no operation of that name. */
export class MissingOpError extends TorchError {
  override name = "MissingOpError";
}

const classes: Record<string, typeof TorchError> = {
  ERR_TORCH_DISPOSED: DisposedError,
  ERR_TORCH_RECORDING: RecordingError,
  ERR_TORCH_MEMORY: OutOfMemoryError,
  ERR_TORCH_MISSING_OP: MissingOpError,
};

/** Turns what native code threw into an error of ours; anything else passes unchanged. */
export function translate(error: unknown, op?: string, detail = ""): unknown {
  if (!(error instanceof Error) || error instanceof TorchError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (typeof code !== "string" || !/^ERR_(TORCH|NAPI)/.test(code)) return error;
  const message =
    op && !error.message.startsWith(op) ? `${op}${detail}: ${error.message}` : error.message;
  return new (classes[code] ?? TorchError)(code, message, op, error.message);
}

/** An error of ours about an argument: what was given, what was expected. */
export function invalid(message: string): TorchError {
  return new TorchError("ERR_TORCH_VALUE", message);
}

/** Refuses the promise of an asynchronous function where `what` takes a synchronous one; `cure` says what to do. */
export function refusePromise(value: unknown, what: string, cure = ""): void {
  if (!(value instanceof Promise)) return;
  value.catch(() => {});
  throw invalid(`${what} is synchronous, but its function returned a promise${cure}`);
}

/** The longest list that native code takes. */
const longest = 10_000_000;

/** The length of a list that is to be walked through; throws for one that would take minutes. */
export function lengthOf(list: readonly unknown[]): number {
  const { length } = list;
  if (length > longest)
    throw invalid(`an array of ${length} elements is too long: expected at most ${longest}`);
  return length;
}

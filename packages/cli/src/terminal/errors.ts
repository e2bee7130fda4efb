// How an error leaves the program: ours as one line, a bug with its trace.

/** Names of the error classes whose messages are written for users. */
const forUsers = new Set([
  "ConfigError",
  "BridgeError",
  "TorchError",
  "DisposedError",
  "RecordingError",
  "OutOfMemoryError",
  "MissingOpError",
  "RunError",
  "FormatError",
  "DatasetError",
  "UsageError",
  "DistributedError",
]);

let speaker = "dsbm";

/** Names this process in its errors, where several of them share a terminal. */
export function speakAs(name: string): void {
  speaker = `dsbm: ${name}`;
}

/** A command line that cannot be understood. */
export class UsageError extends Error {
  override name = "UsageError";
  readonly code = "usage";
}

/** The text that a user is shown for an error, each line a problem; bugs keep their stack trace. */
export function describeError(error: unknown): string {
  if (
    error instanceof Error &&
    (forUsers.has(error.name) || forUsers.has(error.constructor.name))
  ) {
    return error.message
      .split("\n")
      .map((line) => `${speaker}: ${line}`)
      .join("\n");
  }
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `${speaker}: this is a bug in dsbm, please report it:\n${trace}`;
}

const forUsers = new Set([
  "ConfigError",
  "BridgeError",
  "TorchError",
  "RunError",
  "FileError",
  "DatasetError",
]);

let prefix = "dsbm";

/** Names this process in its errors, if several processes share a terminal. */
export function setLogPrefix(name: string): void {
  prefix = `dsbm: ${name}`;
}

/** Text for the user, a line for each problem. Bugs keep their stack trace. */
export function describeError(error: unknown): string {
  if (error instanceof Error && [error.name, error.constructor.name].some((n) => forUsers.has(n)))
    return error.message.replace(/^/gm, `${prefix}: `);
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `${prefix}: this is a bug in dsbm, please report it:\n${trace}`;
}

const ofWords = new Set(["not_a_run", "UnknownSet", "MissingFiles", "InvalidOption", "BadLabel"]);

/** The exit code: 2 for impossible arguments and missing paths, 1 for later failures. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof Error)) return 1;
  const isOfWords =
    error.name === "ConfigError" || ("code" in error && ofWords.has(String(error.code)));
  return isOfWords ? 2 : 1;
}

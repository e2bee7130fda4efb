// Every failure of this room is a RunError with a stable code and one line: what was given, what was
// expected and what to do. Errors of the file system become RunErrors here.

/** The kind of error, for programs; the message is for people. */
export type RunErrorCode =
  | "bad_argument"
  | "permission"
  | "read_only"
  | "disk_full"
  | "not_a_folder"
  | "not_a_file"
  | "not_found"
  | "io"
  | "locked"
  | "closed"
  | "not_a_run"
  | "newer_format"
  | "corrupt"
  | "columns"
  | "picture";

/** An error about a run folder or a figure: one line, a stable `code`, the cause kept. */
export class RunError extends Error {
  override readonly name = "RunError";
  readonly code: RunErrorCode;

  constructor(code: RunErrorCode, message: string, options?: ErrorOptions) {
    super(message.replace(/\s*\n\s*/g, " "), options);
    this.code = code;
  }
}

const elsewhere = "or choose another folder";

/** The code and the advice for an errno. */
const cures: Record<string, readonly [RunErrorCode, string]> = {
  EACCES: ["permission", `no permission: change its owner or mode (chown, chmod), ${elsewhere}`],
  EPERM: ["permission", `not permitted: change its owner or attributes, ${elsewhere}`],
  EROFS: ["read_only", `the file system is mounted read-only: remount it writable, ${elsewhere}`],
  ENOSPC: ["disk_full", `the disk is full: free some space and run again, ${elsewhere}`],
  EDQUOT: ["disk_full", `the disk quota is used up: free some space and run again, ${elsewhere}`],
  EFBIG: [
    "io",
    `the file is larger than is allowed here: raise the limit (ulimit -f), ${elsewhere}`,
  ],
  ENOTDIR: ["not_a_folder", `a part of this path is a file, not a folder: move it, ${elsewhere}`],
  EEXIST: ["not_a_folder", `a file is where a folder is needed: move it, ${elsewhere}`],
  EISDIR: ["not_a_file", "a folder is where a file is needed: move it, or choose another name"],
  ENOENT: ["not_found", "it does not exist: check the path"],
  ENAMETOOLONG: ["bad_argument", "the path is too long: shorten the name or the overrides"],
  EMFILE: ["io", "too many open files: raise the limit (ulimit -n)"],
  EIO: ["io", "the device reports an error: check the disk, then run again"],
};

/** The `code` (EACCES, …) of an error of the operating system, or undefined for any other. */
export function errnoOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === "string" ? code : undefined;
}

/** The RunError for a failed file operation: `cannot <action> <path>: <what to do> (<errno>)`. */
export function fileError(action: string, path: string, error: unknown): RunError {
  if (error instanceof RunError) return error;
  const errno = errnoOf(error);
  const [code, cure] = cures[errno ?? ""] ?? ["io", String(error)];
  const suffix = errno === undefined ? "" : ` (${errno})`;
  return new RunError(code, `cannot ${action} ${path}: ${cure}${suffix}`, { cause: error });
}

/** Runs a file operation; what it throws becomes its RunError, see fileError. */
export function fileOperation<T>(action: string, path: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    throw fileError(action, path, error);
  }
}

/** Throws RunError "bad_argument" with the first fault whose condition holds: `<what> was given <fault>`. */
export function refuse(what: string, faults: readonly (readonly [boolean, string])[]): void {
  const fault = faults.find(([wrong]) => wrong)?.[1];
  if (fault !== undefined) throw new RunError("bad_argument", `${what} was given ${fault}`);
}

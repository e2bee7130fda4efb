/** The kind of a FileError, for programs; the message is for people. */
export type FileErrorCode =
  | "bad_argument"
  | "permission"
  | "read_only"
  | "disk_full"
  | "not_a_folder"
  | "not_a_file"
  | "not_found"
  | "is_link"
  | "io"
  | "too_large"
  | "locked"
  | "closed";

/** An error whose message says all that its reader needs: the given value, the expected value, the cure. */
export class UserError extends Error {
  /** The exit code of a command: 2 for impossible arguments and missing paths, 1 for later failures. */
  readonly exitCode: 1 | 2 = 1;
}

/** A failed file operation. */
export class FileError extends UserError {
  /** For checks without `instanceof`. */
  override readonly name = "FileError";

  constructor(
    /** The kind of the error. */
    readonly code: FileErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const otherFolderCure = "or choose another folder";

const openFiles =
  "too many open files: allow this process more of them (ulimit -n 1024, in a new shell if this one refuses)";
const memory =
  "not enough memory: close other programs, or allow this process more (ulimit -v, or the limit of its container)";

/** What a process can lack anywhere, even while it loads its own code: the cure by the code of the error. */
const shortages: Record<string, string> = {
  EMFILE: openFiles,
  ENFILE: "too many open files on this machine: close other programs",
  ENOMEM: memory,
  ERR_MEMORY_ALLOCATION_FAILED: memory,
  ERR_WORKER_OUT_OF_MEMORY: memory,
  ERR_WORKER_INIT_FAILED: memory,
  EAGAIN: "no further process or thread: close other programs, or allow more of them (ulimit -u)",
};

const cures: Record<string, readonly [FileErrorCode, string]> = {
  EACCES: [
    "permission",
    `no permission: change its owner or mode (chown, chmod), ${otherFolderCure}`,
  ],
  EPERM: ["permission", `not permitted: change its owner or attributes, ${otherFolderCure}`],
  EROFS: [
    "read_only",
    `the file system is mounted read-only: remount it writable, ${otherFolderCure}`,
  ],
  ENOSPC: ["disk_full", `the disk is full: free some space and run again, ${otherFolderCure}`],
  EDQUOT: [
    "disk_full",
    `the disk quota is used up: free some space and run again, ${otherFolderCure}`,
  ],
  EFBIG: ["io", `the file is larger than the limit: raise it (ulimit -f), ${otherFolderCure}`],
  ENOTDIR: [
    "not_a_folder",
    `a part of this path is a file, not a folder: move it, ${otherFolderCure}`,
  ],
  EEXIST: ["not_a_folder", `a file has the name of a needed folder: move it, ${otherFolderCure}`],
  EISDIR: ["not_a_file", "a folder has the name of a needed file: move it, or choose another name"],
  ELOOP: ["not_a_file", "it is a symbolic link: give the path of the file itself"],
  ENOENT: ["not_found", "it does not exist: check the path"],
  ENAMETOOLONG: ["bad_argument", "the path is too long: shorten the name or the overrides"],
  EMFILE: ["io", openFiles],
  EIO: ["io", "the device reports an error: check the disk, then run again"],
};

/** The `code` (EACCES, …) of an error of the operating system, or undefined for any other. */
export function errnoOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === "string" ? code : undefined;
}

/** The cure for a process that lacks files, memory or processes, in one line; undefined for any other error. */
export function shortageOf(error: unknown): string | undefined {
  // Of arrays, and of WebAssembly.
  if (error instanceof RangeError && /allocation failed|could not allocate/.test(error.message))
    return memory;
  const errno = errnoOf(error);
  return errno !== undefined && Object.hasOwn(shortages, errno) ? shortages[errno] : undefined;
}

/** The FileError of a failed operation: `cannot <action> <path>: <cure> (<errno>)`. */
export function fileError(action: string, path: string, error: unknown): FileError {
  if (error instanceof FileError) return error;
  const errno = errnoOf(error);
  const [code, cure] = cures[errno ?? ""] ?? ["io", String(error)];
  const suffix = errno === undefined ? "" : ` (${errno})`;
  return new FileError(code, `cannot ${action} ${path}: ${cure}${suffix}`, { cause: error });
}

/**
 * Runs a file operation.
 * @throws its FileError, see fileError.
 */
export function fileOperation<T>(action: string, path: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    throw fileError(action, path, error);
  }
}

/** A text for a terminal: control characters, which could move its cursor or hide a text, are written as \x1b. */
export const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
  text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, (c) => {
    const code = c.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, "0")}`;
  });

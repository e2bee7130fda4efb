// Plain files and folders below one folder, and nothing else. The files may come from anyone, so links,
// pipes and devices are refused, and every read has a limit.
import {
  closeSync,
  constants,
  createReadStream,
  type Dirent,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  type ReadStream,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
  type Stats,
} from "node:fs";
import { relative, sep } from "node:path";
import { RunError } from "@dsbm/runs";

const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;

const hasProc = existsSync("/proc/self/fd");
const notPlain = /(?:^|\/)\.{0,2}(?:\/|$)|[\\\0]/;

/** Folders of a run lie no deeper in each other. */
const deepestLinks = 4;

const linkOnTheWay = (path: string) =>
  new RunError("bad_argument", `${path} is a link or no folder: the studio writes to neither`);

const missing = () => new RunError("not_found", "there is no such file in the folder");

function isAt(fd: number, { ino, dev }: Stats, full: string): boolean {
  try {
    if (hasProc) return readlinkSync(`/proc/self/fd/${fd}`) === full;
    const real = lstatSync(full);
    return realpathSync.native(full) === full && real.ino === ino && real.dev === dev;
  } catch {
    return false;
  }
}

/** The absolute path of `path`, which has "/" between its parts, with the separator of this system. */
export const pathBelow = (root: string, path: string, separator: string = sep): string =>
  `${root.endsWith(separator) ? root.slice(0, -1) : root}${separator}${path.replaceAll("/", separator)}`;

/** Paths below the folder have "/" between their parts; "" is the folder itself. */
export class Folder {
  /** The absolute path of the folder. */
  readonly root: string;

  /** @throws a file error if `root` does not exist. */
  constructor(root: string) {
    this.root = realpathSync(root);
  }

  /**
   * The absolute path of `path`.
   * @throws {RunError} "not_found" unless it is made of plain names.
   */
  resolve(path: string): string {
    if (path === "") return this.root;
    if (path.length > 4096 || notPlain.test(path)) throw missing();
    return pathBelow(this.root, path);
  }

  /** The plain file or folder at a path without links. Returns undefined for anything else. */
  stat(path: string): Stats | undefined {
    return this.#isReal(path) ? this.peek(path) : undefined;
  }

  /** As `stat`, for a path below a folder that is no link; `open` checks again. */
  peek(path: string): Stats | undefined {
    try {
      const stat = lstatSync(this.resolve(path), { throwIfNoEntry: false });
      return stat?.isFile() || stat?.isDirectory() ? stat : undefined;
    } catch {
      return undefined;
    }
  }

  /** Changes when a file or folder changes; undefined if it does not exist. */
  stamp(path: string): string | undefined {
    const stat = this.peek(path);
    return stat && `${stat.ino} ${stat.size} ${stat.mtimeMs}`;
  }

  #isReal(path: string): boolean {
    const full = this.resolve(path);
    try {
      return realpathSync.native(full) === full;
    } catch {
      return false;
    }
  }

  /** The entries of a folder, sorted by name; none if a link leads to it. */
  list(path: string): Dirent[] {
    try {
      if (!this.#isReal(path)) return [];
      const entries = readdirSync(this.resolve(path), { withFileTypes: true });
      return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    } catch {
      // Deleted in the meantime, a file, or not readable.
      return [];
    }
  }

  /**
   * Opens a plain file.
   * @throws {RunError} "not_found" for everything else; `use` gets the descriptor and the size.
   */
  open<T>(path: string, use: (fd: number, stat: Stats) => T): T {
    const { fd, stat } = this.#openPlain(path);
    try {
      return use(fd, stat);
    } finally {
      closeSync(fd);
    }
  }

  /**
   * A plain file as a stream, with its size.
   * @throws {RunError} "not_found".
   */
  stream(path: string): { stream: ReadStream; size: number } {
    const { fd, stat } = this.#openPlain(path);
    return {
      stream: createReadStream("", { fd, end: Math.max(0, stat.size - 1) }),
      size: stat.size,
    };
  }

  #openPlain(path: string): { fd: number; stat: Stats } {
    const full = this.resolve(path);
    let fd: number;
    try {
      fd = openSync(full, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    } catch (error) {
      throw new RunError("not_found", "there is no such file in the folder", { cause: error });
    }
    const stat = fstatSync(fd);
    if (stat.isFile() && isAt(fd, stat, full)) return { fd, stat };
    closeSync(fd);
    throw missing();
  }

  /** The path below the folder of an absolute path; undefined if it lies elsewhere. */
  relative(full: string): string | undefined {
    const path = relative(this.root, full).replaceAll(sep, "/");
    return path === "" || notPlain.test(path) ? undefined : path;
  }

  /**
   * Makes a folder, if it is not there, and returns its absolute path.
   * @throws {RunError} if a link or a file lies on the way.
   */
  makeFolder(path: string): string {
    const parts = path.split("/");
    for (const i of parts.keys()) {
      const part = parts.slice(0, i + 1).join("/");
      if (!lstatSync(this.resolve(part), { throwIfNoEntry: false })) mkdirSync(this.resolve(part));
      if (!this.stat(part)?.isDirectory()) throw linkOnTheWay(part);
    }
    return this.resolve(path);
  }

  /**
   * Whatever a command writes to `path` stays in the folder.
   * @throws {RunError} if `path`, a folder above it, or a folder or file in it is a link.
   */
  refuseLinks(path: string): void {
    const parts = path.split("/");
    for (const i of parts.keys()) {
      const above = parts.slice(0, i + 1).join("/");
      const stat = lstatSync(this.resolve(above), { throwIfNoEntry: false });
      if (!stat) return;
      if (!stat.isDirectory() || stat.isSymbolicLink()) throw linkOnTheWay(above);
    }
    const look = (at: string, depth: number) => {
      for (const entry of this.list(at)) {
        const inner = at === "" ? entry.name : `${at}/${entry.name}`;
        if (entry.isSymbolicLink()) throw linkOnTheWay(inner);
        if (entry.isDirectory() && depth > 0) look(inner, depth - 1);
      }
    };
    look(path, deepestLinks);
  }

  /**
   * Reads at most `limit` bytes from `from` on (from the end if `from` is negative).
   * @throws {RunError}
   */
  bytes(path: string, { from = 0, limit }: { from?: number; limit: number }): Buffer {
    return this.open(path, (fd, { size }) => {
      const start = from < 0 ? Math.max(0, size + from) : Math.min(from, size);
      const buffer = Buffer.allocUnsafe(Math.min(limit, size - start));
      let done = 0;
      for (let count = -1; count !== 0 && done < buffer.length; done += count)
        count = readSync(fd, buffer, done, buffer.length - done, start + done);
      return buffer.subarray(0, done);
    });
  }

  /**
   * A whole file as text.
   * @throws {RunError} "corrupt" for one of more than `limit` bytes.
   */
  text(path: string, { limit = 8 << 20 } = {}): string {
    const bytes = this.bytes(path, { limit: limit + 1 });
    if (bytes.length > limit)
      throw new RunError("corrupt", `${path} has more than the ${limit} bytes that are shown`);
    return bytes.toString("utf8");
  }
}

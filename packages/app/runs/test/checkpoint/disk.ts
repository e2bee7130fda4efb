// A replacement of node:fs that fails on request. It counts the operations that change the disk; at one of
// them the disk is full, becomes read-only, the process dies (later operations do nothing, as after SIGKILL), or
// the power fails (what was not flushed is lost; removals are durable at once, the worst case).
import type * as NodeFs from "node:fs";
import { dirname, resolve } from "node:path";

export type Failure = "full" | "read-only" | "death" | "power loss";

/** What goes wrong, and at which operation (counted from 0); undefined for a good disk. */
let plan: { failure: Failure; at: number } | undefined;
let count = 0;
let isDead = false;
let unsyncedInodes = new Set<number>();
let flushedInodes = new Set<number>();
let renames: { from: string; to: string; parent: string }[] = [];
const names = new Map<number, string>();

/** From now on operations are counted; number `at` fails. */
export function failAt(at: number, failure: Failure): void {
  plan = { failure, at };
  count = 0;
  isDead = false;
  unsyncedInodes = new Set();
  flushedInodes = new Set();
  renames = [];
}

/** From now on all is well; where power is lost, it is lost by now. Returns whether the failure came. */
export function repair(fs: typeof NodeFs, folder: string): boolean {
  const came = plan !== undefined && count > plan.at;
  if (plan?.failure === "power loss") losePower(fs, folder);
  plan = undefined;
  isDead = false;
  return came;
}

function losePower(fs: typeof NodeFs, folder: string) {
  for (const { from, to } of renames.reverse()) if (fs.existsSync(to)) fs.renameSync(to, from);
  for (const name of fs.readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const path = `${folder}/${name}`;
    const stat = fs.lstatSync(path, { throwIfNoEntry: false });
    if (stat !== undefined && unsyncedInodes.has(stat.ino)) fs.rmSync(path, { recursive: true });
  }
}

/** Counts an operation; `half` is what a dying one still does. */
function change<T>(operation: () => T, half?: () => void): T {
  if (plan === undefined) return operation();
  const now = count++;
  if (isDead) throw new Error("this process is dead");
  const { failure, at } = plan;
  if (now < at || (now > at && failure !== "read-only")) return operation();
  half?.();
  if (failure === "full") throw Object.assign(new Error("full"), { code: "ENOSPC" });
  if (failure === "read-only") throw Object.assign(new Error("remounted"), { code: "EROFS" });
  isDead = true;
  throw new Error("this process dies");
}

/** Notes a created file or folder, which is lost with the power until it is flushed. */
function noteCreated(fs: typeof NodeFs, path: string) {
  if (plan !== undefined)
    unsyncedInodes.add(fs.lstatSync(path, { throwIfNoEntry: false })?.ino as number);
}

/** Operations on names: folders, renames and removals. */
function failingNames(fs: typeof NodeFs) {
  const mkdirSync = (path: string, options?: NodeFs.MakeDirectoryOptions) => {
    if (fs.existsSync(path)) return fs.mkdirSync(path, options);
    return change(() => {
      const made = fs.mkdirSync(path, options);
      noteCreated(fs, path);
      return made;
    });
  };
  const renameSync = (from: string, to: string) =>
    change(() => {
      fs.renameSync(from, to);
      if (plan !== undefined) renames.push({ from, to, parent: dirname(resolve(to)) });
    });
  const rmSync = (path: string, options?: NodeFs.RmOptions) =>
    change(
      () => {
        fs.rmSync(path, options);
        // Removed for good, whatever name it had: the rename before it cannot be undone.
        renames = renames.filter(({ to }) => to !== path);
      },
      () => {
        const first = fs.existsSync(path) ? fs.readdirSync(path)[0] : undefined;
        if (first !== undefined) fs.rmSync(`${path}/${first}`);
      },
    );
  return { mkdirSync, renameSync, rmSync };
}

/** Operations on the content of files. */
function failingContents(fs: typeof NodeFs) {
  const openSync = (path: string, flags: string | number) => {
    const make = () => {
      const fd = fs.openSync(path, flags);
      names.set(fd, resolve(path));
      if (flags === "wx") noteCreated(fs, path);
      return fd;
    };
    return flags === "wx" ? change(make) : make();
  };
  const writeSync = (fd: number, bytes: Uint8Array, from: number, length: number) =>
    change(
      () => fs.writeSync(fd, bytes, from, length),
      () => fs.writeSync(fd, bytes, from, length >> 1),
    );
  const fsyncSync = (fd: number) =>
    change(() => {
      const path = names.get(fd) as string;
      renames = renames.filter(({ parent }) => parent !== path);
      // A file is safe when its content and its name in the folder are: both were flushed.
      if (fs.fstatSync(fd).isDirectory()) {
        for (const name of fs.readdirSync(path)) {
          const child = fs.lstatSync(`${path}/${name}`);
          if (child.isDirectory() || flushedInodes.has(child.ino)) unsyncedInodes.delete(child.ino);
        }
      } else flushedInodes.add(fs.fstatSync(fd).ino);
    });
  return { openSync, writeSync, fsyncSync };
}

/** node:fs with failing operations. */
export const failing = (fs: typeof NodeFs): typeof NodeFs =>
  ({ ...fs, ...failingNames(fs), ...failingContents(fs) }) as typeof NodeFs;

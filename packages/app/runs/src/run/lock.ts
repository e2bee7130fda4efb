// One live run in a folder. The lock is a file that names its process, so a run killed with SIGKILL frees the
// folder by being dead; nothing has to be cleaned up by hand.
import { randomUUID } from "node:crypto";
import { existsSync, linkSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { errnoOf, fileError, fileOperation, RunError } from "../errors.js";
import { isAlive, placeOfPids, startOf } from "../files/process.js";
import { removeFile } from "../files/read.js";
import { temporaryPath } from "../files/write.js";

/** Seconds without a refresh after which a lock of another machine counts as stale. */
export const foreignLockSeconds = 600;
const unreadableLockSeconds = 10;
const refreshSeconds = 30;

interface Owner {
  pid: number;
  /** Start of the process in clock ticks: it distinguishes a reused pid. */
  start: string;
  /** Where the pid is valid (boot and pid namespace). */
  place: string;
  token: string;
}

/** A lock that is held. */
export interface Lock {
  /** Shows other machines that the process lives, at most every 30 s. Throws RunError "locked" where the lock was lost. */
  refresh(): void;
  /** Whether the lock is still ours: not taken over by another process, not deleted with its folder. */
  isOurs(): boolean;
  /** Gives the lock back if it is still ours; a second call does nothing. */
  release(): void;
}

/**
 * Takes the lock file `path`, taking over one whose process is dead.
 * Throws RunError "locked" when a living run holds it, or a file error.
 */
export function acquireLock(path: string): Lock {
  const token = randomUUID();
  const owner = { pid: process.pid, start: startOf(process.pid), place: placeOfPids(), token };
  const text = `${JSON.stringify(owner)}\n`;
  if (!create(path, text)) takeOver(path, text);
  let refreshed = Date.now();
  let held = true;
  const isOurs = () => held && readOwner(path)?.token === token;
  return {
    isOurs,
    refresh() {
      if (!held || Date.now() - refreshed < 1000 * refreshSeconds) return;
      refreshed = Date.now();
      if (!isOurs()) throw lost(path);
      utimesSync(path, new Date(), new Date());
    },
    release() {
      if (isOurs()) removeFile(path);
      held = false;
    },
  };
}

/** The error of a run whose lock is gone. */
export function lost(path: string): RunError {
  const pid = readOwner(path)?.pid;
  const what = pid === undefined ? "was deleted" : `was taken over by process ${pid}`;
  return new RunError(
    "locked",
    `the lock ${path} of this run ${what}: the run ends, because two must not write into one folder`,
  );
}

/** The pid of the living run that holds the lock (0 while it cannot be read), or undefined when the folder is free. */
export function lockHolder(path: string): number | undefined {
  const age = ageOf(path);
  if (age === undefined) return undefined;
  const owner = readOwner(path);
  // A lock without content is being written just now, or its process died while it wrote.
  if (owner === undefined) return age < unreadableLockSeconds ? 0 : undefined;
  if (owner.place !== placeOfPids()) return age < foreignLockSeconds ? owner.pid : undefined;
  return isAlive(owner.pid) && startOf(owner.pid) === owner.start ? owner.pid : undefined;
}

/** Replaces a stale lock; a second lock file prevents that two runs take over the same one. */
function takeOver(path: string, text: string): void {
  refuseIfHeld(path);
  const guard = `${path}.takeover`;
  if (existsSync(guard) && lockHolder(guard) === undefined) removeFile(guard);
  if (!create(guard, text)) {
    throw new RunError("locked", `another run is taking over ${path} just now: try again`);
  }
  try {
    refuseIfHeld(path);
    removeFile(path);
    if (!create(path, text)) {
      throw new RunError("locked", `another run has just taken ${path}: wait for it to end`);
    }
  } finally {
    removeFile(guard);
  }
}

function refuseIfHeld(path: string): void {
  const pid = lockHolder(path);
  if (pid === undefined) return;
  const owner = readOwner(path);
  const foreign = owner !== undefined && owner.place !== placeOfPids();
  const [who, cure] = foreign
    ? [
        `process ${pid} of another machine or container`,
        `wait for it to end (the folder is free ${foreignLockSeconds / 60} minutes after the lock was last refreshed), or delete ${path} if it is gone`,
      ]
    : owner === undefined
      ? ["a process that is writing its lock", `try again in ${unreadableLockSeconds} seconds`]
      : [`process ${pid}`, `wait for it to end, or stop it with kill ${pid}`];
  throw new RunError("locked", `this folder is in use by ${who}: ${cure} (lock: ${path})`);
}

/** Makes the file if there is none; false when there is one. It appears with its content, also after a kill. */
function create(path: string, text: string): boolean {
  const temporary = temporaryPath(dirname(path));
  try {
    writeFileSync(temporary, text, { flag: "wx" });
    try {
      linkSync(temporary, path);
    } catch (error) {
      // A file system without hard links.
      if (!["EPERM", "ENOTSUP", "ENOSYS"].includes(errnoOf(error) ?? "")) throw error;
      writeFileSync(path, text, { flag: "wx" });
    }
    return true;
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return false;
    throw fileError("lock", path, error);
  } finally {
    removeFile(temporary);
  }
}

function readOwner(path: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Owner;
  } catch (error) {
    if (error instanceof SyntaxError || errnoOf(error) === "ENOENT") return undefined;
    throw fileError("read", path, error);
  }
}

/** Seconds since the file was last touched; undefined when there is none. */
function ageOf(path: string): number | undefined {
  const stat = fileOperation("read", path, () => statSync(path, { throwIfNoEntry: false }));
  return stat && (Date.now() - stat.mtimeMs) / 1000;
}

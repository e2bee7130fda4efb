// A lock file names its process: one killed with SIGKILL frees it by being dead.
import { randomUUID } from "node:crypto";
import { readFileSync, rmSync, statSync, utimesSync } from "node:fs";
import { errnoOf, FileError, fileError } from "./errors.js";
import { currentPlace, isGone, processName } from "./process.js";
import { createExclusive } from "./write.js";

/** Seconds without a refresh after which a lock of another machine counts as stale. */
export const foreignLockSeconds = 600;
const unreadableLockSeconds = 10;
const refreshSeconds = 30;

/** A lock file that this process took. */
export interface Lock {
  /**
   * Shows other machines that the process lives, at most every 30 s.
   * @throws {FileError} "locked" if the lock was lost.
   */
  refresh(): void;
  /** Whether the lock was neither released, nor taken over, nor deleted. */
  isHeld(): boolean;
  /** Gives the lock back if it is held; a second call does nothing. */
  release(): void;
}

/** The content of a lock file: the process that holds it. */
export interface LockOwner {
  /** A processName. */
  process: string;
  /** Differs between two locks of one process. */
  token: string;
}

/**
 * Takes the lock file `path`, or takes it over from a dead process.
 * @throws {FileError} "locked" if a process holds it.
 */
export function acquireLock(path: string): Lock {
  const owner: LockOwner = { process: processName(), token: randomUUID() };
  const text = `${JSON.stringify(owner)}\n`;
  if (!createExclusive(path, text)) takeOver(path, text);
  let lastRefresh = Date.now();
  let isReleased = false;
  const isHeld = () => !isReleased && readLock(path)?.token === owner.token;
  return {
    isHeld,
    refresh() {
      if (isReleased || Date.now() - lastRefresh < 1000 * refreshSeconds) return;
      lastRefresh = Date.now();
      if (!isHeld()) throw lostLock(path);
      utimesSync(path, new Date(), new Date());
    },
    release() {
      if (isHeld()) rmSync(path, { force: true });
      isReleased = true;
    },
  };
}

/** The pid of the living process that holds the lock (0 if it cannot be read yet), or undefined if it is free. */
export function lockHolder(path: string): number | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  const age = (Date.now() - stat.mtimeMs) / 1000;
  const owner = readLock(path);
  // A lock without content: its process writes it now, or died meanwhile.
  if (owner === undefined) return age < unreadableLockSeconds ? 0 : undefined;
  const isFree = isForeign(owner) ? age >= foreignLockSeconds : isGone(owner.process);
  return isFree ? undefined : pidOf(owner);
}

/** The error of a process whose lock is gone. */
export function lostLock(path: string): FileError {
  const owner = readLock(path);
  const event = owner ? `was taken over by process ${pidOf(owner)}` : "was deleted";
  return new FileError(
    "locked",
    `the lock ${path} of this run ${event}: the run ends, because two must not write into one folder`,
  );
}

const pidOf = (owner: LockOwner): number => Number(owner.process.split("-")[1]);
const isForeign = (owner: LockOwner): boolean => !owner.process.startsWith(currentPlace());

function takeOver(path: string, text: string): void {
  refuseIfHeld(path);
  const guard = `${path}.takeover`;
  if (lockHolder(guard) === undefined) rmSync(guard, { force: true });
  if (!createExclusive(guard, text))
    throw new FileError("locked", `another run is taking over ${path} just now: try again`);
  try {
    refuseIfHeld(path);
    rmSync(path, { force: true });
    if (!createExclusive(path, text))
      throw new FileError("locked", `another run has just taken ${path}: wait for it to end`);
  } finally {
    rmSync(guard, { force: true });
  }
}

function refuseIfHeld(path: string): void {
  const pid = lockHolder(path);
  if (pid === undefined) return;
  const owner = readLock(path);
  let holder = `process ${pid}`;
  let cure = `wait for it to end, or stop it with kill ${pid}`;
  if (owner === undefined) {
    holder = "a process that is writing its lock";
    cure = `try again in ${unreadableLockSeconds} seconds`;
  } else if (isForeign(owner)) {
    holder += " of another machine or container";
    cure = `wait for it to end (the folder is free ${foreignLockSeconds / 60} minutes after the lock was last refreshed), or delete ${path} if it is gone`;
  }
  throw new FileError("locked", `this folder is in use by ${holder}: ${cure} (lock: ${path})`);
}

/**
 * The owner that a lock names. Returns undefined if the lock is not there or not whole.
 * @throws {FileError}
 */
export function readLock(path: string): LockOwner | undefined {
  try {
    const { process = "", token } = JSON.parse(readFileSync(path, "utf8"));
    return { process, token };
  } catch (error) {
    if (error instanceof SyntaxError || errnoOf(error) === "ENOENT") return undefined;
    throw fileError("read", path, error);
  }
}

// One live run a folder. The lock is a file that names its process, so a run killed with SIGKILL
// frees the folder by being dead; nothing has to be cleaned up by hand.
import { randomUUID } from "node:crypto";
import {
  closeSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { errnoOf, fileError, RunError } from "../errors.js";
import { isAlive, placeOfPids, startOf } from "../files/process.js";

/** Seconds without a sign of life after which a lock of another machine counts as stale. */
export const foreignLockSeconds = 600;
const unreadableLockSeconds = 10;

interface Owner {
  pid: number;
  /** Start of the process in clock ticks: tells a reused pid. */
  start: string;
  /** Where the pid means something (boot and pid namespace). */
  place: string;
  token: string;
}

/** A lock that is held. */
export interface Lock {
  /** A sign of life for other machines; cheap, at most one system call in 30 s. */
  refresh(): void;
  /** Gives the lock back if it is still ours; a second call does nothing. */
  release(): void;
}

/**
 * Takes the lock file `path`, taking over one whose process is dead.
 * Throws RunError "locked" when a living run holds it, or a file error.
 */
export function acquireLock(path: string): Lock {
  const owner: Owner = {
    pid: process.pid,
    start: startOf(process.pid),
    place: placeOfPids(),
    token: randomUUID(),
  };
  const text = `${JSON.stringify(owner)}\n`;
  if (!create(path, text)) takeOver(path, text);
  let refreshed = Date.now();
  let held = true;
  return {
    refresh() {
      if (!held || Date.now() - refreshed < 30_000) return;
      refreshed = Date.now();
      if (readOwner(path)?.token === owner.token) utimesSync(path, new Date(), new Date());
    },
    release() {
      if (held && readOwner(path)?.token === owner.token) remove(path);
      held = false;
    },
  };
}

/** The pid of the living run that holds the lock, or undefined when the folder is free. */
export function lockHolder(path: string): number | undefined {
  const age = ageOf(path);
  if (age === undefined) return undefined;
  const owner = readOwner(path);
  // A lock without content is one being written right now, or one whose writer died doing so.
  if (owner === undefined) return age < unreadableLockSeconds ? 0 : undefined;
  if (owner.place !== placeOfPids()) return age < foreignLockSeconds ? owner.pid : undefined;
  return isAlive(owner.pid) && startOf(owner.pid) === owner.start ? owner.pid : undefined;
}

/** Replaces a stale lock; a second file keeps two runs from taking the same one over. */
function takeOver(path: string, text: string): void {
  refuseIfHeld(path);
  const guard = `${path}.takeover`;
  if ((ageOf(guard) ?? 0) > unreadableLockSeconds) remove(guard);
  if (!create(guard, text)) {
    throw new RunError("locked", `another run is taking over ${path} just now: try again`);
  }
  try {
    refuseIfHeld(path);
    remove(path);
    if (!create(path, text)) {
      throw new RunError("locked", `another run has just taken ${path}: wait for it to end`);
    }
  } finally {
    remove(guard);
  }
}

function refuseIfHeld(path: string): void {
  const pid = lockHolder(path);
  if (pid === undefined) return;
  const foreign = readOwner(path)?.place !== placeOfPids();
  const who = foreign ? `process ${pid} of another machine or container` : `process ${pid}`;
  const cure = foreign
    ? `wait for it to end (${foreignLockSeconds / 60} minutes after its last sign of life the folder is free), or delete ${path} if it is gone`
    : `wait for it to end, or stop it with kill ${pid}`;
  throw new RunError("locked", `this run is already going on in ${who}: ${cure} (lock: ${path})`);
}

/** Makes the file if there is none; false when there is one. */
function create(path: string, text: string): boolean {
  try {
    const fd = openSync(path, "wx");
    try {
      writeFileSync(fd, text);
    } catch (error) {
      remove(path);
      throw error;
    } finally {
      closeSync(fd);
    }
    return true;
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return false;
    throw fileError("lock", path, error);
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw fileError("remove", path, error);
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
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat && (Date.now() - stat.mtimeMs) / 1000;
  } catch (error) {
    throw fileError("read", path, error);
  }
}

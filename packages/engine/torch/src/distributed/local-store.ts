// The ranks of one machine meet in a file that only their user can reach, so that no store listens on the network.
import { chmodSync, existsSync, lstatSync, mkdirSync } from "node:fs";
import { homedir, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  acquireLock,
  FileError,
  isGone,
  lockHolder,
  readLock,
  sha256,
  sweepTemporaries,
} from "@dsbm/files";
import { distributedError, reasonOf } from "./errors.js";
import { Store } from "./store.js";

function isPrivate(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const stat = lstatSync(folder);
    if (!stat.isDirectory() || (process.getuid && stat.uid !== process.getuid())) return false;
    if ((stat.mode & 0o077) !== 0) chmodSync(folder, 0o700);
    return true;
  } catch {
    return false;
  }
}

function storeFolder(): string {
  const name = `dsbm-ranks-${process.getuid?.() ?? userInfo().username}`;
  const folders = [join(tmpdir(), name), join(homedir(), ".cache", name)];
  const folder = folders.find(isPrivate);
  if (folder === undefined)
    throw distributedError(
      `no folder for the ranks of this machine to meet in: neither ${folders.join(" nor ")} can be made or is yours alone; set TMPDIR to a folder of your own`,
    );
  return folder;
}

const lockOf = (folder: string, port: number) => join(folder, `port-${port}`);

/** A temporary name, so that a later run removes what a killed process left. */
function storePath(folder: string, port: number, attempt: string): string | null {
  const owner = readLock(lockOf(folder, port));
  if (!owner || isGone(owner.process)) return null;
  const suffix = `${owner.token}-${sha256(attempt).slice(0, 16)}`;
  return join(folder, `.tmp-${owner.process}-${suffix}`);
}

/**
 * Serves the store of a port of this machine, as rank 0.
 * @throws {TorchError}
 */
export function serveLocal(port: number, attempt: string, worldSize: number): Store {
  const folder = storeFolder();
  try {
    sweepTemporaries(folder);
    const lock = acquireLock(lockOf(folder, port));
    return Store.file(storePath(folder, port, attempt)!, worldSize, {
      release: () => lock.release(),
    });
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    const reason =
      error.code === "locked"
        ? `port ${port} is in use by process ${lockHolder(lockOf(folder, port)) || "unknown"}, so rank 0 cannot serve the store there: set MASTER_PORT to a free one on every rank`
        : reasonOf(error);
    throw distributedError(reason, [], error);
  }
}

/**
 * Joins the store that rank 0 serves on this machine.
 * @throws {TorchError} if it is not served before `deadline` (in ms, as of `Date.now()`)
 */
export async function joinLocal(
  port: number,
  { attempt, worldSize, deadline }: { attempt: string; worldSize: number; deadline: number },
): Promise<Store> {
  const folder = storeFolder();
  for (let pause = 10; ; pause = Math.min(pause * 1.5, 300)) {
    const path = storePath(folder, port, attempt);
    if (path !== null && existsSync(path))
      return Store.file(path, worldSize, {
        isServed: () => storePath(folder, port, attempt) === path,
      });
    if (Date.now() + pause >= deadline)
      throw distributedError(
        `no store is served on port ${port} of this machine: has rank 0 started, by the same user, and is MASTER_PORT the same on every rank?`,
        [0],
      );
    await sleep(pause);
  }
}

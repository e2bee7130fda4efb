// Two processes that build or set up at once must not write into each other: one works, the other waits for it.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

/** Names a process so that a reused number is not taken for it: pid and, on Linux, its start time. */
function identity(pid) {
  if (process.platform !== "linux") return `${pid}`;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return `${pid} ${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}`;
  } catch (error) {
    if (error.code === "ENOENT" || error.code === "ESRCH") return null;
    throw error;
  }
}

function isAlive(owner) {
  const pid = Number(owner.split(" ")[0]);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code === "ESRCH") return false;
    if (error.code !== "EPERM") throw error;
  }
  return identity(pid) === owner;
}

function readOwner(file) {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return null;
    throw error;
  }
}

/** Moves a dead owner's lock away; puts it back should a live one have come in between. */
function removeStale(file, dead) {
  const aside = `${file}.${process.pid}.stale`;
  try {
    renameSync(file, aside);
    if (readOwner(aside) !== dead) linkSync(aside, file);
  } catch (error) {
    if (error.code !== "ENOENT" && error.code !== "EEXIST") throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** Runs `work` while holding `folder`/lock; waits for a living owner, takes over a dead one's. */
export async function withLock(work, { folder, log = () => {} }) {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "lock");
  const mine = `${file}.${process.pid}.tmp`;
  writeFileSync(mine, identity(process.pid));
  let waiting = false;
  for (;;) {
    try {
      linkSync(mine, file); // a link appears with its content: nobody reads a half-written lock
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const owner = readOwner(file);
    if (owner !== null && !isAlive(owner)) removeStale(file, owner);
    else if (owner !== null) {
      if (!waiting) log(`waiting for process ${owner.split(" ")[0]}, which does the same`);
      waiting = true;
      await sleep(200);
    }
  }
  rmSync(mine);
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

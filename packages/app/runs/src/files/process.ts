// Whether the process that wrote a file still lives. A pid alone is not enough: it is reused, is another process in
// another container, and may be a zombie. Start time, boot and pid namespace identify a process.
import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { errnoOf } from "../errors.js";

/** True while a process of this pid runs here (zombies do not run). */
export function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (errnoOf(error) !== "EPERM") return false;
  }
  const state = statFields(pid)?.[0];
  return state !== "Z" && state !== "X";
}

/** When a process started, in clock ticks since boot; "" where the system does not say. */
export function startOf(pid: number): string {
  return statFields(pid)?.[19] ?? "";
}

/** A name for this boot of this machine and this pid namespace; pids can be compared only within it. */
export function placeOfPids(): string {
  const boot = "/proc/sys/kernel/random/boot_id";
  const namespace = "/proc/self/ns/pid";
  if (!existsSync(boot) || !existsSync(namespace)) return "";
  return `${readFileSync(boot, "utf8").trim()} ${readlinkSync(namespace)}`;
}

/** Fields of /proc/<pid>/stat from the state on (the command before it can contain any character). */
function statFields(pid: number): string[] | undefined {
  const path = `/proc/${pid}/stat`;
  try {
    const text = readFileSync(path, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch (error) {
    // The process has just ended, or this system has no /proc: nothing is known.
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

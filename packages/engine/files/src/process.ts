// Names of processes, for files that outlive the process that made them.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { errnoOf } from "./errors.js";

/** Whether this is the worker of a page, which has no threads, no processes and no native libraries. */
export const isPage: boolean = process.platform === ("browser" as string);

/**
 * A name for this process that no other process has: `place-pid-start`. The place is the boot of the machine and the pid
 * namespace, since pids can be compared only within them. The start tells processes apart that had the same pid.
 */
export const processName = (): string => `${currentPlace()}-${process.pid}-${startOf(process.pid)}`;

/** Whether the process of this name is known to be gone; false for other machines and containers. */
export function isGone(name: string): boolean {
  const [place, pid, start] = name.split("-");
  return place === currentPlace() && (!isAlive(Number(pid)) || startOf(Number(pid)) !== start);
}

/** Whether a process of this pid runs here; false for zombies. */
export function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (errnoOf(error) !== "EPERM") return false;
  }
  return !/[ZX]/.test(statFields(pid)[0] ?? "");
}

/** The shared first part of the names of processes that this process can see. */
export function currentPlace(): string {
  const boot = "/proc/sys/kernel/random/boot_id";
  const namespace = "/proc/self/ns/pid";
  const isLinux = existsSync(boot) && existsSync(namespace);
  const text = isLinux ? `${readFileSync(boot, "utf8")} ${readlinkSync(namespace)}` : hostname();
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}

/** Clock ticks from boot to the start of a process, or "" if the system does not say. */
const startOf = (pid: number): string => statFields(pid)[19] ?? "";

function statFields(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}

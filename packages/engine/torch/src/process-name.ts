// Names of processes, for files that may outlive the process that made them.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** The machine, its boot and the pid namespace: what pids can be compared within. */
function place(): string {
  const [boot, namespace] = ["/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"];
  const seen = existsSync(boot) ? [readFileSync(boot, "utf8"), readlinkSync(namespace)] : [];
  const text = [hostname(), ...seen].join(" ");
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}

/** When a process began, in the kernel's count; "" where it is gone or the system does not tell. */
function beganOf(pid: number): string {
  try {
    // The name in parentheses may hold anything.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? "" : (fields[19] ?? "");
  } catch {
    return "";
  }
}

/** A name for this process that no other has, of letters, digits and two hyphens: `place-pid-beginning`. */
export const processName = (): string => `${place()}-${process.pid}-${beganOf(process.pid)}`;

/** Whether the process of such a name is known to be gone; false for those of other machines and containers. */
export function isGone(name: string): boolean {
  const [where, pid, began] = name.split("-");
  if (where !== place() || !/^\d+$/.test(pid ?? "")) return false;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return true;
  }
  return began !== beganOf(Number(pid));
}

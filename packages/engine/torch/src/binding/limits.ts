// Limits of this process. Below them libtorch or V8 would end it without an explanation.
import { readFileSync } from "node:fs";
import { TorchError } from "./errors.js";

const leastAddresses = 4 * 2 ** 30;
const gibibytes = (bytes: number) => `${Number((bytes / 2 ** 30).toPrecision(2))} GiB`;

/** The limit of addresses in bytes in the text of /proc/self/limits; infinite without one. */
function addressLimit(limits: string): number {
  const [, soft] = /^Max address space +(\d+)/m.exec(limits) ?? [];
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
}

/**
 * Refuses a process with fewer addresses than the engine maps.
 * @throws {TorchError}
 */
export function checkAddressSpace(): void {
  if (process.platform !== "linux") return;
  const bytes = addressLimit(readFileSync("/proc/self/limits", "utf8"));
  if (bytes >= leastAddresses) return;
  const cure = `allow at least ${gibibytes(leastAddresses)} (ulimit -v unlimited, or the memory limit of the job)`;
  throw new TorchError(
    "ERR_TORCH_MEMORY",
    `the engine cannot be loaded into ${gibibytes(bytes)} of addresses: ${cure}`,
  );
}

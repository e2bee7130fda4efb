// Finds the rank behind an address in gloo's messages; every rank records its connections.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Store } from "./store.js";

const tidyAddress = (address: string) =>
  address.includes(":") ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;

/** `0100007F` as 127.0.0.1; the kernel prints each group of four bytes backwards. */
function addressOf(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => [
    ...Buffer.from(word, "hex").reverse(),
  ]);
  if (bytes.length === 4) return bytes.join(".");
  const words = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  );
  return tidyAddress(words.join(":"));
}

/** Returns this process's ends `address:port` of TCP connections, or none if the system does not say. */
export function ownEndpoints(): string[] {
  try {
    const inodes = new Set<string>();
    for (const fd of readdirSync("/proc/self/fd")) {
      try {
        const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1];
        if (inode) inodes.add(inode);
      } catch {}
    }
    const addresses = new Set<string>();
    for (const table of ["tcp", "tcp6"]) {
      for (const line of readFileSync(`/proc/self/net/${table}`, "utf8").split("\n").slice(1)) {
        const columns = line.trim().split(/\s+/);
        const [address, port] = (columns[1] ?? "").split(":");
        if (address && port && inodes.has(columns[9] ?? ""))
          addresses.add(`${addressOf(address)}:${Number.parseInt(port, 16)}`);
      }
    }
    return [...addresses];
  } catch {
    return []; // not Linux, or no such view: ranks are then named by who else is missing
  }
}

/** Returns the rank behind the end `[address]:port` that `text` names. */
export function rankBehind(text: string, store: Store, worldSize: number): number | undefined {
  const [, address, port] = /\[([0-9a-f.:]+)\]:(\d+)/i.exec(text) ?? [];
  if (address === undefined) return undefined;
  // Older versions of gloo print the port with its two bytes exchanged.
  const swapped = ((Number(port) & 255) << 8) | (Number(port) >> 8);
  const ends = [address, ...[port, swapped].map((p) => `${tidyAddress(address)}:${p}`)];
  for (let rank = 0; rank < worldSize; rank++) {
    const known = store.peek(`ends/${rank}`);
    if (known === undefined) continue;
    if ((JSON.parse(known) as string[]).some((end) => ends.includes(end))) return rank;
  }
  return undefined;
}

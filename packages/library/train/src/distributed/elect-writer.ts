// Elects the processes that write into a folder: one for each disk.
import { randomUUID } from "node:crypto";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeFolder } from "@dsbm/files";
import type { Ranks } from "./ranks.js";

/** Whether this rank writes for all that see the same folder, which it makes. Every rank calls it. */
export function electWriter(ranks: Ranks, folder: string): boolean {
  makeFolder(folder);
  if (ranks.size === 1) return true;
  const mark = ranks.fromMain(randomUUID());
  const sign = (rank: number) => join(folder, `.rank-${mark}-${rank}`);
  writeFileSync(sign(ranks.rank), "");
  ranks.fromAll("written");
  const lower = Array.from({ length: ranks.rank }, (_, rank) => rank);
  const keeps = !lower.some((rank) => existsSync(sign(rank)));
  ranks.fromAll("seen");
  rmSync(sign(ranks.rank), { force: true });
  return keeps;
}

/** Waits for files of another machine, which some file systems show a while later. */
export async function waitForFiles(paths: readonly string[], mostMs = 60_000): Promise<void> {
  for (let waited = 0; waited < mostMs && !paths.every((path) => existsSync(path)); waited += 50)
    await sleep(50);
}

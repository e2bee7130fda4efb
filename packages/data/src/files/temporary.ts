// Files and folders in the making, beside their place; those that killed processes left are removed by the next one.
import { randomUUID } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isGone, processName } from "@dsbm/torch";
import { status } from "./read.js";

/** One that is older than this (ms) is from a process that was killed, wherever that was. */
const abandoned = 3_600_000;

/** A new name beside `path`. */
export const temporaryBeside = (path: string): string =>
  join(dirname(path), `.${basename(path)}.${processName()}.${randomUUID().slice(0, 8)}.tmp`);

/** Removes what killed processes left under such names in a folder. */
export function sweepTemporaries(folder: string): void {
  for (const name of readdirSync(folder)) {
    const owner = /^\..*\.(\w+-\d+-\d*)\.\w+\.tmp(\.sha256)?$/.exec(name)?.[1];
    const found = owner && status(join(folder, name));
    if (found && (isGone(owner) || Date.now() - found.mtimeMs > abandoned))
      rmSync(join(folder, name), { recursive: true, force: true });
  }
}

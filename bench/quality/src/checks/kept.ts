// Results in files beside the facts of their computation, so that a stopped command continues.
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolder, writeFileAtomic } from "@dsbm/files";
import { fromJson, readJson, toJson } from "@dsbm/runs";

/**
 * The value of a file from the same facts; null if there is none.
 * @throws {RunError} "corrupt" for invalid JSON.
 */
export function readKept<T>(path: string, facts: object): T | null {
  if (!existsSync(path)) return null;
  const kept = readJson(path) as { facts: object; value: T };
  return toJson(kept.facts) === toJson(asRead(facts, path)) ? kept.value : null;
}

/** Facts as they are read again. */
const asRead = (facts: object, path: string): unknown => fromJson(toJson(facts), path);

/**
 * The value of a file, if it was made from the same facts. Makes and writes it otherwise.
 * @throws {RunError} "corrupt" for invalid JSON.
 * @throws {FileError} if the file cannot be written.
 */
export async function keptValue<T>(
  path: string,
  facts: object,
  make: () => Promise<T>,
): Promise<T> {
  const kept = readKept<T>(path, facts);
  if (kept !== null) return kept;
  const value = await make();
  makeFolder(dirname(path));
  writeFileAtomic(path, `${toJson({ facts: asRead(facts, path), value })}\n`);
  return value;
}

// Results in files with what they were made from, so that a stopped command goes on.
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolder, writeFileAtomic } from "@dsbm/files";
import { fromJson, readJson, toJson } from "@dsbm/runs";

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
  // Facts as they are read again.
  const known = fromJson(toJson(facts), path);
  if (existsSync(path)) {
    const kept = readJson(path) as { facts: object; value: T };
    if (toJson(kept.facts) === toJson(known)) return kept.value;
  }
  const value = await make();
  makeFolder(dirname(path));
  writeFileAtomic(path, `${toJson({ facts: known, value })}\n`);
  return value;
}

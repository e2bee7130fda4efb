// The lines of manifest.jsonl: checksums of the files of a run.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type FileData, openAppendFile, sha256OfFile, writeFileAtomic } from "@dsbm/files";
import { z } from "zod";
import { RunError } from "../errors.js";
import { checkAs, readJsonLines } from "../files/json.js";
import { isChecked, manifestFile } from "./layout.js";

const checksumLine = z.object({ file: z.string(), sha256: z.string().nullish() });

/**
 * The last hash of each file; null if it was dropped.
 * @throws {RunError} "corrupt" for a damaged line.
 */
function readChecksums(folder: string): Map<string, string | null> {
  const path = join(folder, manifestFile);
  const cure = `delete its damaged lines, which forgets the checksums of their files`;
  const lines = existsSync(path)
    ? readJsonLines(path).map((line) => checkAs(line, path, { schema: checksumLine, cure }))
    : [];
  return new Map(lines.map(({ file, sha256: hash = null }) => [file, hash]));
}

function recordChecksum(folder: string, file: string, hash: string | null): void {
  const lines = openAppendFile(join(folder, manifestFile));
  try {
    lines.append(`${JSON.stringify({ file, sha256: hash })}\n`);
  } finally {
    lines.close();
  }
}

/**
 * Writes a file of a run atomically and returns its path. Checked files get a checksum.
 * @throws {FileError}
 */
export function writeRunFile(folder: string, file: string, data: FileData): string {
  const path = join(folder, file);
  if (isChecked(file) && existsSync(path)) recordChecksum(folder, file, null);
  writeFileAtomic(path, data);
  if (isChecked(file)) recordChecksum(folder, file, sha256OfFile(path));
  return path;
}

/**
 * Records the checksum of a finished file that grew line by line.
 * @throws {FileError}
 */
export function addChecksum(folder: string, file: string): void {
  recordChecksum(folder, file, sha256OfFile(join(folder, file)));
}

/**
 * Drops the checksum of a file that will grow.
 * @throws {FileError}
 */
export function dropChecksum(folder: string, file: string): void {
  if (readChecksums(folder).get(file)) recordChecksum(folder, file, null);
}

/**
 * Compares files of a run with their checksums.
 * @throws {RunError} "corrupt" for the first changed file among `files` or among all checked files of a run.
 */
export function checkFiles(
  folder: string,
  files?: readonly string[],
  cure = "restore it from a copy, or train again with --again",
): void {
  const known = readChecksums(folder);
  // An evaluation writes quality.json again: its readers check it.
  for (const file of files ??
    [...known.keys()].filter((name) => !["quality.json", "few_steps.json"].includes(name))) {
    const path = join(folder, file);
    let hash = known.get(file) ?? null;
    while (hash !== null && isChecked(file) && existsSync(path)) {
      const digest = sha256OfFile(path);
      if (digest === hash) break;
      // Another process may have written it in the meantime.
      const newest = readChecksums(folder).get(file) ?? null;
      if (newest === hash)
        throw new RunError(
          "corrupt",
          `${path} is damaged (its sha256 is ${digest.slice(0, 12)}…, expected ${hash.slice(0, 12)}…): if the change is yours, delete its lines in ${manifestFile}; else ${cure}`,
        );
      hash = newest;
    }
  }
}

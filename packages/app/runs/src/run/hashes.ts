// manifest.jsonl: the SHA-256 of files that later results depend on, a line for each write.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type FileData, openAppendFile, sha256OfFile, writeFileAtomic } from "@dsbm/files";
import { z } from "zod";
import { RunError } from "../errors.js";
import { readJsonLines } from "../files/json.js";

const manifestFile = "manifest.jsonl";

const isChecked = (file: string): boolean =>
  /^(models\/.*|(config|choices|data|pairs)\.json|config\.yaml|projection\.safetensors)$/.test(
    file,
  );

const entry = z.object({ file: z.string(), sha256: z.string().nullish() });

/** The last hash of each file; null if it was dropped. Throws RunError "corrupt" for a damaged line. */
function readManifest(folder: string): Map<string, string | null> {
  const path = join(folder, manifestFile);
  const lines = existsSync(path) ? readJsonLines(path).map((line) => entry.parse(line)) : [];
  return new Map(lines.map(({ file, sha256: hash = null }) => [file, hash]));
}

function record(folder: string, file: string, hash: string | null): void {
  const lines = openAppendFile(join(folder, manifestFile));
  try {
    lines.append(`${JSON.stringify({ file, sha256: hash })}\n`);
  } finally {
    lines.close();
  }
}

/**
 * Writes a file of a run atomically and returns its path. Checked files get a checksum. Throws
 * FileError.
 */
export function writeRunFile(folder: string, file: string, data: FileData): string {
  const path = join(folder, file);
  if (isChecked(file) && existsSync(path)) record(folder, file, null);
  writeFileAtomic(path, data);
  if (isChecked(file)) record(folder, file, sha256OfFile(path));
  return path;
}

/**
 * Throws RunError "corrupt" for the first changed file among `files` or among all checked files of
 * a run.
 */
export function checkFiles(
  folder: string,
  files?: readonly string[],
  cure = "restore it from a copy, or train again with --again",
): void {
  const known = readManifest(folder);
  for (const file of files ?? known.keys()) {
    const path = join(folder, file);
    let hash = known.get(file) ?? null;
    while (hash !== null && isChecked(file) && existsSync(path)) {
      const digest = sha256OfFile(path);
      if (digest === hash) break;
      // Another process may have written it in the meantime.
      const newest = readManifest(folder).get(file) ?? null;
      if (newest === hash)
        throw new RunError(
          "corrupt",
          `${path} is damaged (its sha256 is ${digest.slice(0, 12)}…, expected ${hash.slice(0, 12)}…): ${cure}; if the change is yours, delete its lines in ${manifestFile}`,
        );
      hash = newest;
    }
  }
}

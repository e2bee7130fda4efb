import { existsSync } from "node:fs";
import { join } from "node:path";
import { type FileData, openAppendFile, sha256OfFile, writeFileAtomic } from "@dsbm/files";
import { z } from "zod";
import { RunError } from "../errors.js";
import { checkAs, readJsonLines } from "../files/json.js";

/** `f` learns 0 → 1, `b` learns 1 → 0. */
export type Direction = "f" | "b";

/** Absolute or relative, like the folder. */
export type RunPaths = Readonly<ReturnType<typeof runPaths>>;

/** The paths of all files in a run folder. */
export function runPaths(folder: string) {
  const at = (name: string) => join(folder, name);
  return {
    folder,
    config_yaml: at("config.yaml"),
    config_json: at("config.json"),
    run_json: at("run.json"),
    results_csv: at("results.csv"),
    metrics_jsonl: at("metrics.jsonl"),
    models: at("models"),
    figures: at("figures"),
    checkpoints: at("checkpoints"),
    samples: at("samples"),
    /**
     * Simulated pairs of the current half-iteration. You may delete them when no process holds the
     * lock.
     */
    cache: at("cache"),
    /** The run that --again replaced. */
    previous: at("previous"),
    /** The run that a run of few steps learns from: its configuration and its newest weights. */
    teacher: at("teacher"),
    quality_json: at("quality.json"),
    report_html: at("report.html"),
    log: at("log.txt"),
    /** How far a live run is. */
    progress: at("progress.json"),
    warnings_jsonl: at("warnings.jsonl"),
    lock: at(".lock"),
    /** models/<half_iteration>_<direction>.safetensors */
    model: (half_iteration: number, direction: Direction): string =>
      join(at("models"), `${half_iteration}_${direction}.safetensors`),
  };
}

/** Reads half-iteration and direction from a model's file name. Returns undefined for other files. */
export function parseModelName(
  file: string,
): { half_iteration: number; direction: Direction } | undefined {
  const match = /^(\d+)_([fb])\.safetensors$/.exec(file);
  return match ? { half_iteration: Number(match[1]), direction: match[2] as Direction } : undefined;
}

/**
 * The folder of a run: <experiments_dir>/<name>/<overrides>/<seed>; `overrides` is one folder name
 * for the overrides without the seed. Throws RunError "bad_argument" for an invalid folder name.
 */
export function runFolder(options: {
  experiments_dir: string;
  name: string;
  overrides: string;
  seed: number | string;
}): string {
  const { experiments_dir, name, overrides, seed } = options;
  if (name === "latest")
    throw new RunError(
      "bad_argument",
      "name=latest is the link to the newest run: write another name",
    );
  const levels = Object.entries({ name, overrides, seed });
  return join(experiments_dir, ...levels.map(([what, level]) => folderName(String(level), what)));
}

function folderName(text: string, what: string): string {
  const bytes = Buffer.byteLength(text, "utf8");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (bytes > 0 && bytes <= 200 && !/^\.|[/\\\u0000-\u001f]/.test(text)) return text;
  throw new RunError(
    "bad_argument",
    `${what} is ${JSON.stringify(text.slice(0, 60))}, expected 1 to 200 characters without "/" and not beginning with "."`,
  );
}

/** The autoencoder of the images of a run. */
export const autoencoderFile = "autoencoder.safetensors";

// manifest.jsonl: the SHA-256 of files that later results depend on, a line for each write.

const manifestFile = "manifest.jsonl";

const isChecked = (file: string): boolean =>
  /^(models\/.*|(config|choices|data|pairs|quality|teacher|few_steps)\.json|config\.yaml|(projection|autoencoder)\.safetensors|(results|held_out)\.csv)$/.test(
    file,
  );

const checksumLine = z.object({ file: z.string(), sha256: z.string().nullish() });

/** The last hash of each file; null if it was dropped. Throws RunError "corrupt" for a damaged line. */
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
 * Writes a file of a run atomically and returns its path. Checked files get a checksum. Throws
 * FileError.
 */
export function writeRunFile(folder: string, file: string, data: FileData): string {
  const path = join(folder, file);
  if (isChecked(file) && existsSync(path)) recordChecksum(folder, file, null);
  writeFileAtomic(path, data);
  if (isChecked(file)) recordChecksum(folder, file, sha256OfFile(path));
  return path;
}

/** Records the checksum of a finished file that grew line by line. Throws FileError. */
export function addChecksum(folder: string, file: string): void {
  recordChecksum(folder, file, sha256OfFile(join(folder, file)));
}

/** Drops the checksum of a file that will grow. Throws FileError. */
export function dropChecksum(folder: string, file: string): void {
  if (readChecksums(folder).get(file)) recordChecksum(folder, file, null);
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

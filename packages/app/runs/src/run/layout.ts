import { join } from "node:path";
import { RunError } from "../errors.js";

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
 * The folder of a run: <experiments_dir>/<name>/<overrides>/<seed>; `overrides` is one folder name for the overrides
 * without the seed.
 * @throws {RunError} "bad_argument" for an invalid folder name.
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

/** The SHA-256 of files that later results depend on, a line for each write. */
export const manifestFile = "manifest.jsonl";

/** Files, other than those of models/, whose checksums are in the manifest. */
const checkedFiles = String.raw`(config|choices|data|pairs|quality|teacher|few_steps)\.json|config\.yaml|(projection|autoencoder)\.safetensors|(results|held_out)\.csv`;
const folders = "checkpoints|models|samples|figures|test|teacher";
const otherFiles = String.raw`(run|columns)\.json|(metrics|warnings)\.jsonl|report\.html|manifest\.jsonl|log\.txt|(x[01]_test|traj(_\d+)?)\.npy`;

const checkedPath = new RegExp(`^(models/.*|${checkedFiles})$`);
const runEntry = new RegExp(`^(${folders}|${checkedFiles}|${otherFiles})$`);

/** Whether the manifest has the checksum of a file, given by its path in the run folder. */
export const isChecked = (file: string): boolean => checkedPath.test(file);

/** Whether a name in a run folder belongs to the run, and not to its user. */
export const isRunEntry = (name: string): boolean => runEntry.test(name);

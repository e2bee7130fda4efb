// The run folder is the contract between training and everything that looks at it: where each
// file of a run lies, under experiments_dir/name/overrides/seed, is written here and nowhere else.
import { join } from "node:path";
import { RunError } from "../errors.js";

/** `f` learns 0 → 1, `b` learns 1 → 0. */
export type Direction = "f" | "b";

/** Where the files of one run lie (absolute or relative as the folder was given). */
export interface RunPaths {
  readonly folder: string;
  readonly config_yaml: string;
  readonly config_json: string;
  readonly run_json: string;
  readonly results_csv: string;
  readonly metrics_jsonl: string;
  readonly models: string;
  readonly traj_npy: string;
  readonly traj_100_npy: string;
  readonly figures: string;
  /** One folder a saved point, see openCheckpoints. */
  readonly checkpoints: string;
  /** Pictures of evaluations. */
  readonly samples: string;
  /** Simulated pairs of the current half-iteration; may be deleted when no run is live. */
  readonly cache: string;
  /** Errors of spectra by octave, of every evaluation that looks at them. */
  readonly spectrum_csv: string;
  readonly index_html: string;
  readonly lock: string;
  /** models/<half_iteration>_<direction>.safetensors */
  model(half_iteration: number, direction: Direction): string;
  /** figures/<name>.<extension> */
  figure(name: string, extension: "svg" | "png"): string;
  /** samples/<name>.<extension> */
  sample(name: string, extension: "png" | "gif"): string;
}

/** The paths of the run in `folder`. */
export function runPaths(folder: string): RunPaths {
  const models = join(folder, "models");
  const figures = join(folder, "figures");
  const samples = join(folder, "samples");
  return {
    folder,
    config_yaml: join(folder, "config.yaml"),
    config_json: join(folder, "config.json"),
    run_json: join(folder, "run.json"),
    results_csv: join(folder, "results.csv"),
    metrics_jsonl: join(folder, "metrics.jsonl"),
    models,
    traj_npy: join(folder, "traj.npy"),
    traj_100_npy: join(folder, "traj_100.npy"),
    figures,
    checkpoints: join(folder, "checkpoints"),
    samples,
    cache: join(folder, "cache"),
    spectrum_csv: join(folder, "spectrum.csv"),
    index_html: join(folder, "index.html"),
    lock: join(folder, ".lock"),
    model(half_iteration, direction) {
      if (!Number.isSafeInteger(half_iteration) || half_iteration < 0) {
        throw new RunError(
          "bad_argument",
          `half_iteration is ${half_iteration}, expected an integer from 0 on`,
        );
      }
      return join(models, `${half_iteration}_${direction}.safetensors`);
    },
    figure: (name, extension) => join(figures, `${folderName(name, "figure")}.${extension}`),
    sample: (name, extension) => join(samples, `${folderName(name, "sample")}.${extension}`),
  };
}

/** The half-iteration and direction in a model's file name, or undefined for another file. */
export function parseModelName(
  file: string,
): { half_iteration: number; direction: Direction } | undefined {
  const match = /^(\d+)_([fb])\.safetensors$/.exec(file);
  return match ? { half_iteration: Number(match[1]), direction: match[2] as Direction } : undefined;
}

/** Whether a file's name is one of a picture that a run writes. */
export function isPicture(file: string): boolean {
  return /^[^.].*\.(svg|png|gif)$/.test(file);
}

/**
 * The folder of a run: <experiments_dir>/<name>/<overrides>/<seed>; `overrides` is one folder name for the
 * overrides without the seed. Throws RunError "bad_argument" for a name that is no folder name.
 */
export function runFolder(options: {
  experiments_dir: string;
  name: string;
  overrides: string;
  seed: number | string;
}): string {
  const { experiments_dir, name, overrides, seed } = options;
  return join(
    experiments_dir,
    folderName(name, "name"),
    folderName(overrides, "overrides"),
    folderName(String(seed), "seed"),
  );
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

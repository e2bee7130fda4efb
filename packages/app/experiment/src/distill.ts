// A run of few steps: its configuration from the run that it learns from, its training, and both side by side.
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  type CompleteTrainConfig,
  type DistillConfig,
  distilledConfig,
  savedConfig,
} from "@dsbm/config";
import { measureQuality, type QualityOptions } from "@dsbm/evaluation";
import { readTeacherRun } from "@dsbm/inference";
import {
  findRun,
  type MetricRow,
  readRun,
  readTeacher,
  runPaths,
  type StepComparison,
  writeStepComparison,
} from "@dsbm/runs";
import { measureRun } from "./run/report.js";
import { type RunOptions, type RunResult, runTraining } from "./run/run.js";

/** Metrics that say whether few steps keep the law and the pairs of the teacher. */
const comparedMetrics = [
  "sliced_w2",
  "w2",
  "feature_distance",
  "fid_lenet",
  "variance_ratio",
  "displacement",
  "conditional_variance",
];

/**
 * The folder of a run of few steps.
 * @throws {RunError} if RUN is no run and the folder is not given.
 */
export function distilledFolder(run: string, { out, steps }: DistillConfig): string {
  if (out !== null) return out;
  const beside = (path: string) => `${path.replace(/\/+$/, "")}-${steps}`;
  return isRun(beside(run)) ? beside(run) : beside(findRun(run));
}

const isRun = (folder: string): boolean => existsSync(join(folder, "run.json"));

function configInFolder(folder: string): CompleteTrainConfig {
  const { config, info } = readRun(folder);
  return savedConfig(folder, config, info.dsbm);
}

/** The configuration of a new run that learns from `run`. */
function configFrom(run: string, options: DistillConfig): CompleteTrainConfig {
  const { folder: teacher, config, method, process, models, shape } = readTeacherRun(run);
  const isFlow = method.predicts === "velocity";
  return distilledConfig(
    {
      folder: teacher,
      config,
      sigma: isFlow ? 0 : process.sigma,
      directions: (["b", "f"] as const).filter((direction) => models[direction]),
      isVectors: shape.length === 1,
    },
    options,
  );
}

/** Options of `runDistill`. */
export interface DistillOptions
  extends Pick<RunOptions, "progress" | "signal" | "resume" | "request"> {
  /** The folder of the new run. */
  folder: string;
  /** Whether to start over. */
  again?: boolean;
}

/**
 * Trains a run of few steps, or resumes it, and compares it with its teacher.
 * @throws the errors of both runs, of the data and of training.
 */
export async function runDistill(
  run: string,
  options: DistillConfig,
  { folder, again = false, ...work }: DistillOptions,
): Promise<RunResult> {
  const { progress, signal } = work;
  const config = !again && isRun(folder) ? configInFolder(folder) : configFrom(run, options);
  return runTraining(config, {
    ...work,
    folder,
    again,
    trained: (_run, datasets) => compareSteps(folder, config, { datasets, progress, signal }),
  });
}

/** Measures a finished training of few steps, writes few_steps.json, and returns false if it was stopped. */
async function compareSteps(
  folder: string,
  { threads, device }: CompleteTrainConfig,
  work: Pick<QualityOptions, "datasets" | "progress" | "signal">,
): Promise<boolean> {
  const common = { ...work, threads, device };
  if (!(await measureRun(folder, common))) return false;
  const comparison = await measureSteps(folder, common);
  if (comparison) writeStepComparison(folder, comparison);
  return comparison !== null;
}

/**
 * Measures what few steps can lose, the law and the pairs, of a run in a number of steps (null: its own). Returns null if it was
 * stopped.
 * @throws the errors of `measureQuality`.
 */
export async function measureInSteps(
  folder: string,
  steps: number | null,
  options: QualityOptions,
): Promise<MetricRow[] | null> {
  const quality = await measureQuality(folder, { ...options, metrics: comparedMetrics, steps });
  return quality && [...quality.rows];
}

/**
 * Measures a run of few steps in each of its numbers of steps, and its teacher, on the same rows. Returns null if it
 * was stopped.
 * @throws the errors of `measureQuality`.
 */
export async function measureSteps(
  folder: string,
  options: QualityOptions,
): Promise<StepComparison | null> {
  const { config } = readRun(folder);
  const taught = await measureInSteps(runPaths(folder).teacher, null, options);
  if (!taught) return null;
  const steps = readTeacher(folder)?.steps ?? 0;
  const samplers: StepComparison["samplers"] = [{ of: "teacher", steps, rows: taught }];
  for (const count of (config.test_num_steps as number[]).toSorted((a, b) => a - b)) {
    const rows = await measureInSteps(folder, count, options);
    if (!rows) return null;
    samplers.push({ of: "run", steps: count, rows });
  }
  return { samplers };
}

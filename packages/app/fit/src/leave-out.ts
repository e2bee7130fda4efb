// Short trainings that do not see a part of the data: an inner time of a course, or a third of the rows of a small table.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { BridgeError } from "@dsbm/bridge";
import type { CompleteTrainConfig, FitConfig } from "@dsbm/config";
import { type Datasets, folds, marginalsOf, withoutDataset, withoutRows } from "@dsbm/datasets";
import {
  allRows,
  measureHeldOut,
  measureQuality,
  pooledFolds,
  subjectOf,
  verdictFacts,
} from "@dsbm/evaluation";
import { TimePlan } from "@dsbm/experiment";
import { Bridge, gridOf, timeLabel } from "@dsbm/inference";
import { threadsOf, trainingProblem } from "@dsbm/problem";
import {
  type Clock,
  heldOutSentences,
  type Progress,
  type Quality,
  readQuality,
  runPaths,
  writeQuality,
} from "@dsbm/runs";
import { tidy } from "@dsbm/torch";
import { Training } from "@dsbm/train";

/** The share of the time limit, and of a course's steps without a time limit. */
const share = 0.25;
const least = { seconds: 10, steps: 100, rows: 10 };
const trainingShare = 0.7;
const mostRows = 2000;
/** Training rows whose held-out rows are enough for a verdict. */
const enoughRows = 250;

type Course = Pick<CompleteTrainConfig, "Dataset_between" | "half_iterations">;

const inner = ({ Dataset_between }: Course): number => Dataset_between?.length ?? 0;

/** Whether `each` seconds suffice to train without one dataset, at `step` seconds a step. */
const isEnough = (
  { half_iterations }: Course,
  each: number,
  step: number,
  steps = least.steps,
): boolean => each >= least.seconds && trainingShare * each >= steps * step * half_iterations;

/** Seconds of `all` that leave-one-out takes at `step` seconds a step; 0 if it is not wanted, or too few. */
export function leaveOutSeconds(
  config: Course,
  loo: FitConfig["loo"],
  all: number,
  step: number,
): number {
  const n = inner(config);
  if (loo === false || n === 0 || !Number.isFinite(all)) return 0;
  const seconds = (loo === "full" ? n / (n + 1) : share) * all;
  return isEnough(config, seconds / n, step) ? seconds : 0;
}

/** Whether a cross-validation, in the time that training leaves, judges a bridge. */
function isFolded({ pairs, weights, batch_size }: CompleteTrainConfig, datasets: Datasets) {
  const { columns, projection, rows, x0, x1 } = datasets;
  const fewest = Math.min(x0.train.size(0), x1.train.size(0));
  const isSmall = fewest >= least.rows && fewest < enoughRows && batch_size <= fewest / 2;
  // Rows with weights are repeated: a row could be in two folds.
  const isPlain = pairs === null && weights === null && !rows && !projection;
  return isSmall && isPlain && columns?.condition === null;
}

interface LeaveOutOptions {
  loo: FitConfig["loo"];
  /** The time of the run; its limit has the threads and the most steps. */
  time: TimePlan;
  progress: Progress;
  signal: AbortSignal | undefined;
}

/**
 * Adds leave-one-out to quality.json of a trained run, or replaces its rows by means of a cross-validation. Returns
 * false if it was stopped.
 */
export async function leaveOut(
  folder: string,
  { config, datasets }: { config: CompleteTrainConfig; datasets: Datasets },
  { loo, time, progress, signal }: LeaveOutOptions,
): Promise<boolean> {
  const isCourse = inner(config) > 0;
  if (loo === false || !(isCourse || isFolded(config, datasets))) return true;
  const n = inner(config) || folds;
  const what = isCourse ? "leave-one-out" : "cross-validation";
  const clock = time.clock.part(0.9);
  // Folds with far fewer steps would say nothing about this bridge; a course has a share of the steps.
  const fewest = isCourse ? least.steps : config.num_iter / 2;
  if (!isEnough(config, clock.left / n, time.step ?? 0, fewest)) {
    const other = isCourse && loo !== "full" ? ", or write loo=full" : "";
    progress.line(`${what} is skipped: too little time: raise max_minutes${other}`);
    return true;
  }
  const results: Part[] = [];
  try {
    for (let k = 1; k <= n; k++) {
      const part = clock.part(1 / (n - k + 1));
      const whole = { config, datasets, what, k };
      const result = await withoutOne(folder, whole, { loo, time, progress, signal }, part);
      if (!result) return false;
      results.push(result);
    }
  } catch (error) {
    // The run's own bridge is trained: its evaluation stays.
    if (!(error instanceof BridgeError)) throw error;
    progress.line(`${what} ends: ${error.message}`);
    return true;
  }
  const quality = readQuality(folder) as Quality;
  const rows = results.flatMap((result) => result.rows);
  if (isCourse) {
    writeQuality(folder, { ...quality, rows: [...rows, ...quality.rows] });
    for (const line of heldOutSentences(rows)) progress.line(line);
    return true;
  }
  const pooled = pooledFolds(results, verdictFacts(folder, datasets));
  writeQuality(folder, {
    ...quality,
    ...pooled,
    rows: [...quality.rows.filter(({ group }) => group === "holdout"), ...pooled.rows],
    folds,
    left_out: [...new Set(results.flatMap(({ left_out }) => left_out))],
  });
  return true;
}

/** The evaluation of one training. */
type Part = Pick<Quality, "rows" | "verdicts" | "left_out">;

interface Whole {
  config: CompleteTrainConfig;
  datasets: Datasets;
  what: string;
  k: number;
}

/** Evaluates a short training. Returns null if it was stopped. */
async function withoutOne(
  folder: string,
  whole: Whole,
  { loo, time: { step, limit }, progress, signal }: LeaveOutOptions,
  clock: Clock,
): Promise<Part | null> {
  const { k, what } = whole;
  const { seed } = whole.config;
  const time = whole.datasets.chain?.times[k];
  const { config: long, datasets } =
    time === undefined
      ? { ...whole, datasets: withoutRows(whole.datasets, k, seed) }
      : withoutDataset(whole.config, whole.datasets, k);
  const isShort = time !== undefined && loo !== "full" && clock.seconds === null;
  const config = isShort ? shortened(long) : long;
  const label = time === undefined ? `part ${k} of ${folds}` : timeLabel(whole.config, time);
  const cacheFolder = join(runPaths(folder).cache, "left-out");
  const training = new Training(trainingProblem(config, datasets, { cacheFolder }));
  try {
    const part = { ...limit, clock: clock.part(trainingShare), reserve: 0 };
    const plan = new TimePlan(part, config, { step: step ?? 0, pair: 0 });
    const halves = config.half_iterations;
    progress.line(`${what}: training without ${label}`);
    plan.begin(training, 1);
    const pauseAt = () => {
      plan.stepped();
      return plan.isDue();
    };
    for await (const event of training.run({ signal, pauseAt })) {
      plan.follow(event);
      if (event.type === "step")
        progress.update({ ...event, label: `${what} ${event.half}/${halves}` });
      if (event.type === "pause") plan.replan(training, event);
      if (event.type === "half" && plan.isUp(event.half)) break;
      if (event.type === "half" && event.half < halves) plan.begin(training, event.half + 1);
    }
    progress.done();
    if (signal?.aborted) return null;
    const bridge = Bridge.live(training, { config, datasets, folder });
    const work = { threads: threadsOf(config), clock, progress, signal };
    if (time === undefined) return await measureQuality(folder, { datasets, bridge, ...work });
    const subject = subjectOf(bridge, datasets);
    const dataset = marginalsOf(whole.datasets)[k];
    const truth = tidy(() => subject.own("x0", allRows(dataset, seed)).keep());
    try {
      const heldOut = { group: "loo", time, label, rows: truth } as const;
      const rows = await measureHeldOut(subject, heldOut, {
        sampling: { solver: "sde", grid: gridOf(bridge.trained, null) },
        seed,
        split: "test",
        exact: mostRows,
        intervals: true,
        ...work,
      });
      return rows && { rows, verdicts: [], left_out: [] };
    } finally {
      truth.dispose();
    }
  } finally {
    training.dispose();
    datasets.dispose();
    rmSync(cacheFolder, { recursive: true, force: true });
  }
}

const shortened = (config: CompleteTrainConfig): CompleteTrainConfig => ({
  ...config,
  num_iter: Math.ceil(share * config.num_iter),
  first_num_iter: Math.ceil(share * config.first_num_iter),
});

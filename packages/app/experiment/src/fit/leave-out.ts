import { rmSync } from "node:fs";
import { join } from "node:path";
import type { CompleteTrainConfig, FitConfig } from "@dsbm/config";
import { allRows, measureHeldOut, subjectOf } from "@dsbm/evaluation";
import { Bridge, gridOf, timeLabel } from "@dsbm/inference";
import {
  type Datasets,
  marginalsOf,
  threadsOf,
  trainingProblem,
  withoutDataset,
} from "@dsbm/problem";
import {
  type Clock,
  leftOutSentences,
  type MetricRow,
  type Progress,
  readQuality,
  runPaths,
  writeQuality,
} from "@dsbm/runs";
import { tidy } from "@dsbm/torch";
import { Training } from "@dsbm/train";
import { TimePlan } from "../forecast/time-plan.js";

/** The share of the time limit, and of the steps without a time limit. */
const share = 0.25;
const least = { seconds: 10, steps: 100 };
const trainingShare = 0.7;
const mostRows = 2000;

type Course = Pick<CompleteTrainConfig, "Dataset_between" | "half_iterations">;

const inner = ({ Dataset_between }: Course): number => Dataset_between?.length ?? 0;

/** Whether `each` seconds suffice to train without one dataset, at `step` seconds a step. */
const isEnough = ({ half_iterations }: Course, each: number, step: number): boolean =>
  each >= least.seconds && trainingShare * each >= least.steps * step * half_iterations;

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

interface LeaveOutOptions {
  loo: FitConfig["loo"];
  /** The time of the run; its limit has the threads and the most steps. */
  time: TimePlan;
  progress: Progress;
  signal: AbortSignal | undefined;
}

/** Adds leave-one-out to quality.json of a trained run. Returns false if it was stopped. */
export async function leaveOut(
  folder: string,
  { config, datasets }: { config: CompleteTrainConfig; datasets: Datasets },
  { loo, time, progress, signal }: LeaveOutOptions,
): Promise<boolean> {
  const n = inner(config);
  if (loo === false || n === 0) return true;
  const skip = (why: string) => {
    progress.line(`leave-one-out is skipped: ${why}`);
    return true;
  };
  const clock = time.clock.part(0.9);
  if (!isEnough(config, clock.left / n, time.step ?? 0))
    return skip(`too little time: raise max_minutes${loo === "full" ? "" : ", or write loo=full"}`);
  const rows: MetricRow[] = [];
  for (let k = 1; k <= n; k++) {
    const part = clock.part(1 / (n - k + 1));
    const result = await withoutOne(
      folder,
      { config, datasets, k },
      { loo, time, progress, signal },
      part,
    );
    if (!result) return false;
    rows.push(...result);
  }
  const quality = readQuality(folder);
  if (quality) writeQuality(folder, { ...quality, rows: [...rows, ...quality.rows] });
  for (const line of leftOutSentences(rows)) progress.line(line);
  return true;
}

async function withoutOne(
  folder: string,
  whole: { config: CompleteTrainConfig; datasets: Datasets; k: number },
  { loo, time: { step, limit }, progress, signal }: LeaveOutOptions,
  clock: Clock,
): Promise<MetricRow[] | null> {
  const { config, datasets } = withoutDataset(whole.config, whole.datasets, whole.k);
  const short = loo === "full" || clock.seconds !== null ? config : shortened(config);
  const cacheFolder = join(runPaths(folder).cache, "left-out");
  const time = whole.datasets.chain?.times[whole.k] as number;
  const label = timeLabel(whole.config, time);
  const training = new Training(trainingProblem(short, datasets, { cacheFolder }));
  try {
    const part = { ...limit, clock: clock.part(trainingShare), reserve: 0 };
    const plan = new TimePlan(part, short, { step: step ?? 0, pair: 0 });
    const halves = short.half_iterations;
    progress.line(`leave-one-out: training without ${label}`);
    plan.begin(training, 1);
    const pauseAt = () => {
      plan.stepped();
      return plan.isDue();
    };
    for await (const event of training.run({ signal, pauseAt })) {
      plan.follow(event);
      if (event.type === "step")
        progress.update({ ...event, label: `leave-one-out ${event.half}/${halves}` });
      if (event.type === "pause") plan.replan(training, event);
      if (event.type === "half" && plan.isUp(event.half)) break;
      if (event.type === "half" && event.half < halves) plan.begin(training, event.half + 1);
    }
    progress.done();
    if (signal?.aborted) return null;
    const { seed } = config;
    const bridge = Bridge.live(training, { config: short, datasets, folder });
    const subject = subjectOf(bridge, datasets);
    const dataset = marginalsOf(whole.datasets)[whole.k];
    const rows = tidy(() => subject.own("x0", allRows(dataset, seed)).keep());
    try {
      const heldOut = { group: "loo", time, label, rows } as const;
      return await measureHeldOut(subject, heldOut, {
        sampling: { solver: "sde", grid: gridOf(bridge.trained, null) },
        seed,
        split: "test",
        exact: mostRows,
        threads: threadsOf(config),
        intervals: true,
        clock,
        progress,
        signal,
      });
    } finally {
      rows.dispose();
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

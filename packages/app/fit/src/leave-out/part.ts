// One training without a part of the data, and its evaluation on this part.
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { CompleteTrainConfig, FitConfig } from "@dsbm/config";
import { type Datasets, folds, marginalsOf, withoutDataset, withoutRows } from "@dsbm/datasets";
import { allRows, measureHeldOut, measureQuality, subjectOf } from "@dsbm/evaluation";
import { drive, TimePlan, type WarningPlaces } from "@dsbm/experiment";
import { Bridge, gridOf, timeLabel, timeName } from "@dsbm/inference";
import { threadsOf, trainingProblem } from "@dsbm/problem";
import { type Clock, type Quality, runPaths } from "@dsbm/runs";
import { tidy } from "@dsbm/torch";
import { Training } from "@dsbm/train";
import { leaveOutShare, trainingShare } from "./time.js";

/** Rows of the largest exact distance to a dataset. */
const largestDistanceRows = 2000;

/** How leave-one-out works. */
export interface LeaveOutOptions extends WarningPlaces {
  /** The setting of leave-one-out. */
  loo: FitConfig["loo"];
  /** The time of the run; its limit has the threads and the most steps. */
  time: TimePlan;
  /** Stops after the current step. */
  signal: AbortSignal | undefined;
}

/** The evaluation of one training. */
export type PartEvaluation = Pick<Quality, "rows" | "verdicts" | "left_out">;

/** A trained run before a part is taken out. */
export interface WholeFit {
  /** The run folder. */
  folder: string;
  /** The configuration of the run. */
  config: CompleteTrainConfig;
  /** All of its data. */
  datasets: Datasets;
  /** The kind of test, for messages. */
  title: string;
}

/** A training without a part. */
interface PartTraining {
  config: CompleteTrainConfig;
  datasets: Datasets;
  /** The name of the missing part. */
  label: string;
  /** The process time of the missing dataset; undefined: rows are missing. */
  time: number | undefined;
}

/** Trains without inner dataset or fold `k`, from 1 on, and evaluates. Returns null if it was stopped. */
export async function withoutPart(
  whole: WholeFit,
  k: number,
  options: LeaveOutOptions,
  clock: Clock,
): Promise<PartEvaluation | null> {
  const { folder, title } = whole;
  const { signal, progress } = options;
  const part = partOf(whole, k, options, clock);
  const { config, datasets, label } = part;
  const cacheFolder = join(runPaths(folder).cache, "left-out");
  const training = new Training(trainingProblem(config, datasets, { cacheFolder }));
  try {
    const limit = { ...options.time.limit, clock: clock.part(trainingShare), reserve: 0 };
    const time = new TimePlan(limit, config, { step: options.time.step ?? 0, pair: 0 });
    progress.line(`${title}: training without ${label}`);
    const next = await drive(training, { time, progress, signal, label: `${title} ` });
    if (next === "interrupted" || signal?.aborted) return null;
    const bridge = Bridge.live(training, { config, datasets, folder });
    return await evaluatePart(whole, part, { k, bridge, clock, ...options });
  } finally {
    training.dispose();
    datasets.dispose();
    rmSync(cacheFolder, { recursive: true, force: true });
  }
}

function partOf(
  { config, datasets }: WholeFit,
  k: number,
  { loo }: LeaveOutOptions,
  clock: Clock,
): PartTraining {
  const time = datasets.chain?.times[k];
  if (time === undefined)
    return {
      config,
      datasets: withoutRows(datasets, k, config.seed),
      label: `part ${k} of ${folds}`,
      time,
    };
  const without = withoutDataset(config, datasets, k);
  const isShort = loo !== "full" && clock.seconds === null;
  return {
    ...without,
    config: isShort ? shortConfig(without.config) : without.config,
    label: timeName(config, time),
    time,
  };
}

interface PartBridge extends Pick<LeaveOutOptions, "progress" | "signal"> {
  k: number;
  bridge: Bridge;
  clock: Clock;
}

async function evaluatePart(
  { folder, config: whole, datasets: all }: WholeFit,
  { config, datasets, time, label }: PartTraining,
  { k, bridge, clock, progress, signal }: PartBridge,
): Promise<PartEvaluation | null> {
  const work = { threads: threadsOf(config), clock, progress, signal };
  if (time === undefined) return measureQuality(folder, { datasets, bridge, ...work });
  const subject = subjectOf(bridge, datasets);
  const dataset = marginalsOf(all)[k];
  const truth = tidy(() => subject.own("x0", allRows(dataset, whole.seed)).keep());
  try {
    const key = timeLabel(whole, time);
    const heldOut = { group: "loo", time, label, key, rows: truth } as const;
    const rows = await measureHeldOut(subject, heldOut, {
      sampling: { solver: "sde", grid: gridOf(bridge.trained, null) },
      seed: whole.seed,
      split: "test",
      exact: largestDistanceRows,
      intervals: true,
      ...work,
    });
    return rows && { rows, verdicts: [], left_out: [] };
  } finally {
    truth.dispose();
  }
}

const shortConfig = (config: CompleteTrainConfig): CompleteTrainConfig => ({
  ...config,
  num_iter: Math.ceil(leaveOutShare * config.num_iter),
  first_num_iter: Math.ceil(leaveOutShare * config.first_num_iter),
});

// Short trainings that do not see a part of the data: an inner time of a course, or a third of the rows of a small table.
import { BridgeError } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { type Datasets, folds } from "@dsbm/datasets";
import { pooledFolds, verdictFacts } from "@dsbm/evaluation";
import type { TimePlan } from "@dsbm/experiment";
import { warn } from "@dsbm/experiment";
import { heldOutSentences, type Quality, readQuality, writeQuality } from "@dsbm/runs";
import { type LeaveOutOptions, type PartEvaluation, type WholeFit, withoutPart } from "./part.js";
import { innerDatasets, isEnough, leastSteps } from "./time.js";

/** The fewest training rows that a cross-validation splits. */
const leastRows = 10;
/** Training rows whose held-out rows are enough for a verdict. */
const enoughRows = 250;

/** The share of the time left that the parts take. */
const clockShare = 0.9;

/** Whether a cross-validation, in the time that training leaves, judges a bridge. */
function isFolded({ pairs, weights, batch_size }: CompleteTrainConfig, datasets: Datasets) {
  const { columns, projection, rows, x0, x1 } = datasets;
  const fewest = Math.min(x0.train.size(0), x1.train.size(0));
  const isSmall = fewest >= leastRows && fewest < enoughRows && batch_size <= fewest / 2;
  // Rows with weights are repeated: a row could be in two folds.
  const isPlain = pairs === null && weights === null && !rows && !projection;
  return isSmall && isPlain && columns?.condition === null;
}

/**
 * Whether the time suffices for the cross-validation of a planned run, or it has none. Training takes its planned
 * time.
 */
export function foldsFit({
  config,
  datasets,
  time,
}: {
  config: CompleteTrainConfig;
  datasets: Datasets;
  time: TimePlan;
}): boolean {
  if (innerDatasets(config) > 0 || !isFolded(config, datasets)) return true;
  const spare = time.clock.left - time.limit.reserve - time.trainingSeconds;
  return isEnough(config, (clockShare * spare) / folds, time.step ?? 0, config.num_iter / 2);
}

/**
 * Adds leave-one-out to quality.json of a trained run, or replaces its rows by means of a cross-validation. Returns
 * false if it was stopped.
 */
export async function leaveOut(
  folder: string,
  { config, datasets }: { config: CompleteTrainConfig; datasets: Datasets },
  options: LeaveOutOptions,
): Promise<boolean> {
  const { loo, time } = options;
  const isCourse = innerDatasets(config) > 0;
  if (loo === false || !(isCourse || isFolded(config, datasets))) return true;
  const parts = innerDatasets(config) || folds;
  const title = isCourse ? "leave-one-out" : "cross-validation";
  const clock = time.clock.part(clockShare);
  // Folds with far fewer steps would say nothing about this bridge; a course has a share of the steps.
  const fewest = isCourse ? leastSteps : config.num_iter / 2;
  if (!isEnough(config, clock.left / parts, time.step ?? 0, fewest)) {
    const other = isCourse && loo !== "full" ? ", or write loo=full" : "";
    warn(`${title} is skipped: too little time: raise max_minutes${other}`, options);
    return true;
  }
  const results: PartEvaluation[] = [];
  try {
    for (let k = 1; k <= parts; k++) {
      const whole = { folder, config, datasets, title };
      const result = await withoutPart(whole, k, options, clock.part(1 / (parts - k + 1)));
      if (!result) return false;
      results.push(result);
    }
  } catch (error) {
    // The run's own bridge is trained: its evaluation stays.
    if (!(error instanceof BridgeError)) throw error;
    warn(`${title} ends: ${error.message}`, options);
    return true;
  }
  if (isCourse) addLeftOut(folder, results, options);
  else replaceByFolds({ folder, config, datasets, title }, results);
  return true;
}

/** Adds the distances to inner datasets that training did not see. */
function addLeftOut(
  folder: string,
  results: readonly PartEvaluation[],
  { progress }: LeaveOutOptions,
): void {
  const quality = readQuality(folder) as Quality;
  const rows = results.flatMap((result) => result.rows);
  writeQuality(folder, { ...quality, rows: [...rows, ...quality.rows] });
  for (const line of heldOutSentences(rows)) progress.line(line);
}

/** Replaces the metrics and verdicts by means over the folds. */
function replaceByFolds({ folder, datasets }: WholeFit, results: readonly PartEvaluation[]): void {
  const quality = readQuality(folder) as Quality;
  const pooled = pooledFolds(results, verdictFacts(folder, datasets));
  writeQuality(folder, {
    ...quality,
    ...pooled,
    rows: [...quality.rows.filter(({ group }) => group === "holdout"), ...pooled.rows],
    folds,
    unmeasured: undefined,
    left_out: [...new Set(results.flatMap(({ left_out }) => left_out))],
  });
}

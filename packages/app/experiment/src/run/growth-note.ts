// Growth that is estimated before training, for the run and its report.
import type { CompleteTrainConfig } from "@dsbm/config";
import {
  type Datasets,
  encodeGrowth,
  growthEstimate,
  growthFacts,
  growthFiles,
  growthNote,
} from "@dsbm/datasets";
import { growthCaution, growthFile, type Progress, type RunWriter, toJson } from "@dsbm/runs";
import { warn } from "./warning.js";

/**
 * Warns of missing masses, saves the estimate of growth and how it was made, and prints a doubt about it. Reads the estimate
 * of an earlier part of the run.
 * @throws {FileError} if the file cannot be written.
 */
export function noteGrowth(
  config: CompleteTrainConfig,
  datasets: Datasets,
  {
    run,
    progress,
  }: { run: Pick<RunWriter, "saveFile" | "addWarning" | "paths">; progress: Progress },
): void {
  const note = growthNote(config);
  if (note) warn(note, { run, progress });
  datasets.growth.folder = run.paths.folder;
  const estimate = growthEstimate(config, datasets);
  if (!estimate) return;
  run.saveFile(growthFiles.estimate, encodeGrowth(estimate.key, estimate));
  const facts = growthFacts(estimate);
  run.saveFile(growthFile, `${toJson(facts, { indent: 2 })}\n`);
  const caution = growthCaution(facts);
  if (caution) progress.line(`warning: ${caution}`);
}

// Growth that is estimated before training, for the run and its report.
import type { CompleteTrainConfig } from "@dsbm/config";
import { type Datasets, growthEstimate, growthFacts, growthNote } from "@dsbm/datasets";
import { growthCaution, growthFile, type Progress, type RunWriter, toJson } from "@dsbm/runs";
import { warn } from "./warning.js";

/**
 * Warns of missing masses, saves how growth was estimated, and prints a doubt about it.
 * @throws {FileError} if the file cannot be written.
 */
export function noteGrowth(
  config: CompleteTrainConfig,
  datasets: Datasets,
  { run, progress }: { run: Pick<RunWriter, "saveFile" | "addWarning">; progress: Progress },
): void {
  const note = growthNote(config);
  if (note) warn(note, { run, progress });
  const estimate = growthEstimate(config, datasets);
  if (!estimate) return;
  const facts = growthFacts(estimate);
  run.saveFile(growthFile, `${toJson(facts, { indent: 2 })}\n`);
  const caution = growthCaution(facts);
  if (caution) progress.line(`warning: ${caution}`);
}

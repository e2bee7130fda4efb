import { ConfigError } from "@dsbm/config";
import { DatasetError } from "@dsbm/data";
import {
  checkSavedFolder,
  type GrowthCells,
  growthEstimate,
  growthFacts,
  growthIntervals,
  openDatasets,
} from "@dsbm/datasets";
import { growthCaution, type Progress } from "@dsbm/runs";
import type { Trained } from "../trained.js";

/** Intervals of growth from the data of the run, if they are still there. The run keeps them. */
export async function growthCells(
  { config, method, folder }: Trained,
  { progress, signal }: { progress: Progress; signal?: AbortSignal | undefined },
): Promise<GrowthCells[] | null> {
  if (!method.mass || method.plan) return null;
  try {
    const datasets = await openDatasets(config, {
      progress,
      signal,
      checkFolder: checkSavedFolder,
    });
    datasets.growth.folder = folder;
    try {
      const estimate = growthEstimate(config, datasets);
      const caution = estimate && growthCaution(growthFacts(estimate));
      if (caution) progress.line(`warning: ${caution}`);
      return growthIntervals(config, datasets);
    } finally {
      datasets.dispose();
    }
  } catch (error) {
    if (!(error instanceof DatasetError) && !(error instanceof ConfigError)) throw error;
    progress.line(`growth_low and growth_high are left out: ${error.message}`);
    return null;
  }
}

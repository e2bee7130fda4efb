import type { CompleteTrainConfig } from "@dsbm/config";
import {
  type Measuring,
  measureQuality,
  type QualityOptions,
  type SampleSet,
} from "@dsbm/evaluation";
import { type Quality, readRun, runPaths, writeQuality, writeRunFile } from "@dsbm/runs";
import { writeEvaluationPictures } from "../picture/pictures.js";
import { viewsOf } from "./report.js";

/** `measureQuality`, and the images that a report lacks, for example after an early end. */
export function measureAndDraw(folder: string, options: QualityOptions): Promise<Quality | null> {
  const isUsual = (options.solver ?? "sde") === "sde" && (options.split ?? "test") === "test";
  return measureQuality(folder, {
    ...options,
    ...(isUsual && { sampled: (set, context) => drawMissing(folder, set, context) }),
  });
}

/** `measureAndDraw` into quality.json. Returns false if it was stopped. */
export async function measureRun(folder: string, options: QualityOptions): Promise<boolean> {
  const quality = await measureAndDraw(folder, options);
  if (quality) writeQuality(folder, quality);
  return quality !== null;
}

async function drawMissing(folder: string, set: SampleSet, context: Measuring): Promise<void> {
  const { results, config } = readRun(folder);
  const { direction } = set;
  const trained = config as unknown as CompleteTrainConfig;
  const view = viewsOf(folder, results, trained).find((one) => one.direction === direction);
  if (!view || view.pictures.length > 0) return;
  await writeEvaluationPictures(
    { at: view.at, set, context },
    {
      id: view.id,
      run: {
        paths: runPaths(folder),
        saveFile: (name, data) => writeRunFile(folder, name, data),
      },
    },
  );
}

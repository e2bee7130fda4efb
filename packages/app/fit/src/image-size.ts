// The sizes of image networks, batches and grids that the time allows.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CompleteTrainConfig } from "@dsbm/config";
import type { Datasets } from "@dsbm/datasets";
import { measureSpeed, type Speed, type TimePlan } from "@dsbm/experiment";
import { checkBatch, trainingProblem } from "@dsbm/problem";
import type { Choices } from "./choices.js";
import {
  chooseSize,
  coarseGrid,
  fewSteps,
  leastBatch,
  leastChannels,
  type SizeKey,
  twiceTheWidth,
} from "./rules/images.js";
import { isFitted, needlessOptions, oneIteration } from "./rules/iterations.js";

interface SizingOptions {
  /** The time of the run with the choices so far. */
  forecastAt(speed: Speed): TimePlan;
  signal: AbortSignal | undefined;
}

/** Chooses the sizes of image networks and of their evaluations. Returns the speed of this machine. */
export async function chooseInTime(
  choices: Choices,
  datasets: Datasets,
  { forecastAt, signal }: SizingOptions,
): Promise<Speed> {
  const { config, own } = choices.configuration;
  if (isFitted(config)) return { step: 0, pair: 0 };
  checkBatch(config, datasets);
  const { clock } = forecastAt({ step: 0.01, pair: 0 });
  const measure = async (): Promise<Speed> => {
    // Signals arrive between two turns.
    await new Promise((resolve) => setImmediate(setImmediate, resolve));
    signal?.throwIfAborted();
    const cacheFolder = mkdtempSync(join(tmpdir(), "dsbm-speed-"));
    const problem = trainingProblem(choices.configuration.config, datasets, { cacheFolder });
    return measureSpeed(problem, clock.part(0.05), signal).finally(() =>
      rmSync(cacheFolder, { recursive: true, force: true }),
    );
  };
  if (datasets.shape.length === 1 || own.max_minutes === null) return measure();
  return sizeImages(choices, {
    measure,
    stepsAt: (speed) => Math.min(...forecastAt(speed).forecast()),
  });
}

/** The speed of image steps. */
export interface ImageSpeed {
  /** Measures the speed with the choices so far. */
  measure(): Promise<Speed>;
  /** Steps of the shortest half-iteration. */
  stepsAt(speed: Speed): number;
}

/**
 * Chooses sizes for all iterations. If the time allows few steps even for the smallest sizes, it drops the iterations
 * after the first one and chooses again.
 */
export async function sizeImages(choices: Choices, work: ImageSpeed): Promise<Speed> {
  const { config } = choices.configuration;
  const largest = sizesOf(config);
  let result = await sizeFrom(choices, largest, work);
  const isRepeated = choices.list.some(({ key, value }) => key === "n_ipf" && value === 2);
  if (result.steps < fewSteps && isRepeated && choices.replace(oneIteration(result.steps))) {
    choices.drop(needlessOptions(choices.configuration.config));
    result = await sizeFrom(choices, largest, work);
  }
  const { speed, steps } = result;
  const { num_steps } = config;
  if (steps < fewSteps && choices.replace(coarseGrid(steps)))
    speed.pair *= choices.configuration.config.num_steps / num_steps;
  return speed;
}

interface ImageSizes {
  channels: number;
  batch: number;
}

const sizesOf = ({ batch_size: batch, model }: CompleteTrainConfig): ImageSizes => ({
  channels: (model as { num_channels: number }).num_channels,
  batch,
});

/** Begins with a narrow network and few images: wide networks and many images are slow. */
async function sizeFrom(
  choices: Choices,
  largest: ImageSizes,
  { measure, stepsAt }: ImageSpeed,
): Promise<{ speed: Speed; steps: number }> {
  let steps = 0;
  const resize = (key: SizeKey, value: number) => choices.replace(chooseSize(key, value, steps));
  const measureSteps = async () => {
    const speed = await measure();
    steps = stepsAt(speed);
    return speed;
  };
  const least = Math.min(leastBatch, largest.batch);
  let channels = resize("model.num_channels", leastChannels) ? leastChannels : largest.channels;
  let batch = resize("batch_size", least) ? least : largest.batch;
  let speed = await measureSteps();
  const affordable = Math.min(largest.batch, Math.floor((batch * steps) / fewSteps));
  if (affordable > batch) {
    batch = affordable;
    resize("batch_size", batch);
    speed = await measureSteps();
  }
  while (channels < largest.channels && steps / twiceTheWidth >= fewSteps) {
    channels *= 2;
    resize("model.num_channels", channels);
    speed = await measureSteps();
  }
  // The reasons name the measured steps.
  resize("model.num_channels", channels);
  resize("batch_size", batch);
  return { speed, steps };
}

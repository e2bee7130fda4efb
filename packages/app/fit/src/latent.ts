// Whether images are bridged between latent maps: by the steps that the time allows between pixels.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Datasets,
  encodeDatasets,
  pictureFolders,
  secondsOfAutoencoderStep,
} from "@dsbm/datasets";
import { measureSpeed } from "@dsbm/experiment";
import { trainingProblem } from "@dsbm/problem";
import { Clock, type Progress } from "@dsbm/runs";
import type { Choices } from "./choices.js";
import { styleSteps } from "./forecast.js";
import { chooseOptions } from "./options.js";
import { type Rule, rule } from "./rules/rule.js";

/** Channels of latent maps. */
const latentChannels = 8;
/** Images of each dataset in a plan of transport. */
const plannedImages = 512;
/** The share of the time for the training of the autoencoder. */
const autoencoderShare = 0.3;
/** How many times its share an autoencoder takes at most, if other programs make it slower. */
const mostDelay = 1.3;
/** The share of the time for the steps of both directions. */
const stepShare = 0.6;
/** Steps of an autoencoder: fewer keep no shapes, more gain little. */
const autoencoderSteps = { least: 10, most: 6000 };
/** Steps of an autoencoder for a plan that is only shown. */
const shownSteps = 10;

interface LatentOptions {
  progress: Progress;
  signal: AbortSignal | undefined;
  /** Start of the run in seconds of performance.now(). */
  began: number;
  /** Whether the plan is only shown: its autoencoder is hardly trained. */
  isShown?: boolean;
}

/**
 * Chooses latent maps for two folders of images if the time is short for pixels, and encodes the images of a configuration
 * with latent maps. Returns the datasets, which the caller disposes; throws as `encodeDatasets`.
 */
export async function chooseLatent(
  choices: Choices,
  datasets: Datasets,
  work: LatentOptions,
): Promise<Datasets> {
  const { config: before, own } = choices.configuration;
  const isOpen =
    !choices.isGiven("data.latent") &&
    own.max_minutes !== null &&
    pictureFolders(before).length === 2 &&
    datasets.between.length === 0;
  if (isOpen) {
    const steps = await stepsBetweenPixels(choices, datasets, work);
    if (steps < styleSteps) choices.addIfAllowed([latentRule(datasets.shape, steps)]);
  }
  const { config: chosen } = choices.configuration;
  if (chosen.data.latent === null) return datasets;
  let deadline: number | undefined;
  if (own.max_minutes !== null && !choices.isGiven("data.latent_steps")) {
    const seconds = autoencoderShare * 60 * own.max_minutes;
    deadline = performance.now() + mostDelay * 1000 * seconds;
    const each = secondsOfAutoencoderStep(datasets, chosen);
    const { least, most } = autoencoderSteps;
    const steps = Math.max(least, Math.min(most, Math.floor(seconds / each)));
    choices.add(
      rule("data.latent_steps", steps, `${100 * autoencoderShare} % of the time, at most ${most}`),
    );
  }
  const whole = choices.configuration.config;
  const steps = work.isShown ? shownSteps : whole.data.latent_steps;
  const config = { ...whole, data: { ...whole.data, latent_steps: steps } };
  return encodeDatasets(datasets, config, { ...work, deadline });
}

/** Chooses larger plans of transport for latent maps, which are small: they pair images that are more alike. */
export function chooseLatentPlan(choices: Choices, rows: readonly number[]): void {
  const { batch_size, ot_sampler, data } = choices.configuration.config;
  if (data.latent === null || ot_sampler !== "exact") return;
  const batches = Math.max(1, Math.floor(Math.min(plannedImages, ...rows) / batch_size));
  choices.addIfAllowed([
    rule("ot_rows", batches * batch_size, "plans of more images pair images that are more alike"),
  ]);
}

const latentRule = ([, height, width]: readonly number[], steps: number): Rule =>
  rule(
    "data.latent",
    latentChannels,
    `the time allows each direction about ${steps} steps between ${height}×${width} pixels, and the style changes after some ${styleSteps}: the bridge runs between latent maps of an autoencoder`,
  );

/** Steps of each direction that the time allows between pixels, with the usual network. */
async function stepsBetweenPixels(
  choices: Choices,
  datasets: Datasets,
  { signal, began }: LatentOptions,
): Promise<number> {
  const trial = choices.copy();
  const rows = [datasets.x0, datasets.x1].map(({ train }) => train.size(0));
  // The distances decide the noise alone.
  const facts = { shape: datasets.shape, rows, heldOut: rows, transport: 1, spread: 1 };
  chooseOptions(trial, datasets, { facts, hasPaths: false });
  const { config, own } = trial.configuration;
  const clock = new Clock(60 * (own.max_minutes as number), { began });
  const cacheFolder = mkdtempSync(join(tmpdir(), "dsbm-speed-"));
  const problem = trainingProblem(config, datasets, { cacheFolder });
  const { step } = await measureSpeed(problem, clock.part(0.03), signal).finally(() =>
    rmSync(cacheFolder, { recursive: true, force: true }),
  );
  return Math.floor((stepShare * clock.left) / step / 2);
}

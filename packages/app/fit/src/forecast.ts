// What the time will do, said before training.

import { tmpdir } from "node:os";
import type { CompleteTrainConfig } from "@dsbm/config";
import type { Datasets } from "@dsbm/datasets";
import type { TimePlan } from "@dsbm/experiment";
import { nounOf } from "@dsbm/files";
import { trainingProblem } from "@dsbm/problem";
import { duration } from "@dsbm/runs";
import type { DataFacts } from "./facts.js";
import { foldsFit } from "./leave-out/leave-out.js";
import { innerDatasets, leaveOutSeconds } from "./leave-out/time.js";
import type { FitConfiguration } from "./request.js";
import { isFitted } from "./rules/iterations.js";
import { largestEndShare } from "./time.js";

/** Steps of a direction below which an image network hardly changes the style of its source. */
export const styleSteps = 1000;

/** The training of images that the time allows. */
export interface ImageForecast {
  /** The network of the configuration. */
  network: string;
  /** Its parameters. */
  parameters: number;
  /** Steps of one direction. */
  steps: number;
  /** Images of a step. */
  batch: number;
  /** Training images of the smaller dataset. */
  images: number;
  /** Minutes of the run. */
  minutes: number;
}

/** Says what the time will do to images, and the cure if it is too short. */
export function describeImageForecast({
  network,
  parameters,
  steps,
  batch,
  images,
  minutes,
}: ImageForecast): string {
  const passes = Math.max(1, Math.round((steps * batch) / images));
  const size = `${Number((parameters / 1e6).toPrecision(2))} million parameters`;
  const said = `forecast: ${minutes} ${nounOf(minutes, "minute gives", "minutes give")} each direction ${steps} ${nounOf(steps, "step")} of a ${network} of ${size}, ${passes} ${nounOf(passes, "pass", "passes")} over the images`;
  if (steps >= styleSteps) return said;
  const enough = Math.ceil((minutes * styleSteps) / Math.max(1, steps));
  return `${said}: the style will hardly change; about ${styleSteps} steps need max_minutes=${enough}`;
}

/** The seconds of a run before its training. */
export interface TrainingTime {
  /** Of the time limit. */
  all: number;
  /** Of reading and preparing so far. */
  spent: number;
  /** Kept for evaluation and report. */
  reserve: number;
  /** Of the planned training, which has a few steps at least. */
  training: number;
}

/** Says that reading left no time for training, and the cure; null if half of the planned training fits. */
export function describeTrainingTime({
  all,
  spent,
  reserve,
  training,
}: TrainingTime): string | null {
  if (2 * (all - spent - reserve) >= training) return null;
  const enough = Math.ceil((spent + 60) / 60 / (1 - largestEndShare));
  return `forecast: no time is left for training, since reading and preparing took ${duration(spent)}, with a limit of ${duration(all)}: the bridge will hardly learn; max_minutes=${enough} leaves a minute`;
}

/** The steps of each direction: the sum over its half-iterations. */
const stepsOfDirection = (
  steps: readonly number[],
  { fb_sequence }: Pick<CompleteTrainConfig, "fb_sequence">,
): number => Math.floor(steps.reduce((sum, n) => sum + n, 0) / fb_sequence.length);

/** The parameters of one network. */
function networkSize(config: CompleteTrainConfig, datasets: Datasets): number {
  const problem = trainingProblem(config, datasets, { cacheFolder: tmpdir() });
  const network = problem.method.network("b");
  const size = network.parameterCount();
  network.dispose();
  return size;
}

interface PlannedFit extends FitConfiguration {
  facts: DataFacts;
  datasets: Datasets;
  time: TimePlan;
}

/** What the time will do to images, and whether it is too short for training or a cross-validation, a line each. */
export function forecastLines({ config, own, facts, datasets, time }: PlannedFit): string[] {
  const { max_minutes: minutes, loo } = own;
  if (minutes === null || isFitted(config)) return [];
  const { clock, limit, trainingSeconds: training } = time;
  const { reserve } = limit;
  const seconds = { all: 60 * minutes, spent: clock.spent, reserve, training };
  const noTime = describeTrainingTime(seconds);
  const lines = noTime === null ? [] : [noTime];
  const isCourse = innerDatasets(config) > 0;
  if (facts.shape.length > 1)
    lines.push(
      describeImageForecast({
        network: `${config.model.name}${config.data.latent === null ? "" : " of latent maps"}`,
        parameters: networkSize(config, datasets),
        steps: stepsOfDirection(time.forecast(), config),
        batch: config.batch_size,
        images: Math.min(...facts.rows),
        minutes,
      }),
    );
  if (isCourse && loo !== false && leaveOutSeconds(config, loo, 60 * minutes, time.step ?? 0) === 0)
    lines.push("leave-one-out: too little time; raise max_minutes");
  if (loo !== false && !foldsFit({ config, datasets, time }))
    lines.push(
      "cross-validation: too little time, so that held-out rows alone judge the bridge; raise max_minutes",
    );
  return lines;
}

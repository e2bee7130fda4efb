// What the time will do, said before training.

import { tmpdir } from "node:os";
import type { CompleteTrainConfig } from "@dsbm/config";
import type { Datasets } from "@dsbm/datasets";
import { samplesName } from "@dsbm/evaluation";
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

/** The training of images or fields that the time allows. */
export interface TrainingForecast {
  /** "images" or "fields" */
  what: string;
  /** The network of the configuration. */
  network: string;
  /** Its parameters. */
  parameters: number;
  /** Steps of one direction. */
  steps: number;
  /** Samples of a step. */
  batch: number;
  /** Training samples of the smaller dataset. */
  rows: number;
  /** Minutes of the run. */
  minutes: number;
}

/** Says what the time will do to images or fields, and the cure if it is too short. */
export function describeTrainingForecast({
  what,
  network,
  parameters,
  steps,
  batch,
  rows,
  minutes,
}: TrainingForecast): string {
  const passes = Math.max(1, Math.round((steps * batch) / rows));
  const size = `${Number((parameters / 1e6).toPrecision(2))} million parameters`;
  const said = `forecast: ${minutes} ${nounOf(minutes, "minute gives", "minutes give")} each direction ${steps} ${nounOf(steps, "step")} of a ${network} of ${size}, ${passes} ${nounOf(passes, "pass", "passes")} over the ${what}`;
  if (steps >= styleSteps) return said;
  const enough = Math.ceil((minutes * styleSteps) / Math.max(1, steps));
  const effect =
    what === "fields" ? "the bridge will hardly learn" : "the style will hardly change";
  return `${said}: ${effect}; about ${styleSteps} steps need max_minutes=${enough}`;
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

/** What the time will do to images or fields, and whether it is too short for training or a cross-validation, a line each. */
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
      describeTrainingForecast({
        what: samplesName(datasets),
        network: `${config.model.name}${config.data.latent === null ? "" : " of latent maps"}`,
        parameters: networkSize(config, datasets),
        steps: stepsOfDirection(time.forecast(), config),
        batch: config.batch_size,
        rows: Math.min(...facts.rows),
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

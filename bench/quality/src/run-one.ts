// One run of a benchmark: options become a configuration, then the ordinary runner, and the metrics
// a file of the run. A finished and evaluated run is read, not repeated.
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  type CompleteTrainConfig,
  ConfigError,
  completeTrain,
  configure,
  train,
} from "@dsbm/config";
import { finishedRun, runTraining } from "@dsbm/experiment";
import { methodNames } from "@dsbm/fit";
import { readTrained } from "@dsbm/inference";
import { stepsBefore, stepsOf } from "@dsbm/problem";
import { checkFiles, readJson, writeRunFile } from "@dsbm/runs";
import { fit } from "dsbm";
import type { Options, Values } from "./benchmark.js";
import { Clock, readClock } from "./clock.js";
import type { EngineOptions } from "./engine.js";
import { type Provenance, provenance } from "./provenance.js";
import { commandOf, type One, type RunRequest, requestOf, requestText } from "./request.js";

interface OneOptions extends EngineOptions {
  /** The folder of this run, and the folder of the case's files. */
  folder: string;
  files: string;
}

type FitOptions = Parameters<typeof fit>[0];

/** What a run left. */
export interface Result extends Provenance {
  request: RunRequest;
  values: Values;
}

const file = "benchmark.json";
/** More steps than a run has: no evaluation or checkpoint in a half-iteration but those by minutes. */
const neverStride = 1_000_000_000;

/**
 * Runs one, or reads an earlier result; null if it was stopped or is missing.
 * @throws the errors of runs.
 */
export async function runOne(one: One, options: OneOptions): Promise<Result | null> {
  const { folder, known, again, progress } = options;
  const request = requestOf(one, options);
  const elsewhere =
    again || isThere(folder)
      ? null
      : known?.find({
          ...{ benchmark: one.benchmark.name, case: one.case.name },
          ...{ method: one.way.name, seed: one.seed, request },
        });
  if (elsewhere) {
    progress.line(`read: ${elsewhere.date.slice(0, 10)}, commit ${elsewhere.commit}`);
    return elsewhere;
  }
  if (!options.train && !isThere(folder)) return null;
  mkdirSync(options.files, { recursive: true });
  await one.case.prepare?.(options.files, options, one.way.name);
  return commandOf(one) === "fit"
    ? fitOne(one, request, { ...options, folder })
    : trainOne(one, request, { ...options, folder });
}

const isThere = (folder: string) => existsSync(join(folder, file));

/** The text of a result that was measured now. */
function resultText(request: RunRequest, values: Values): string {
  const result: Result = { ...provenance(), request, values };
  return `${JSON.stringify(result, null, 2)}\n`;
}

function read(folder: string): Result {
  checkFiles(folder, [file]);
  const result = readJson(join(folder, file)) as Result;
  if (result.request) return result;
  throw new ConfigError(`${folder} is of an earlier version: add --again to start over`);
}

async function trainOne(
  one: One,
  request: RunRequest,
  options: OneOptions,
): Promise<Result | null> {
  const { folder, minutes, again, resume, progress, signal } = options;
  const config = trainConfig({
    ...request.options,
    ...(minutes !== null &&
      !one.way.closed && { gif_stride: neverStride, checkpoint_stride: neverStride }),
  });
  if (!again && isThere(folder) && finishedRun(folder, config)) return read(folder);
  const seconds = minutes === null || one.way.closed ? null : 60 * minutes;
  const clock = new Clock(config, seconds);
  const { state } = await runTraining(config, {
    ...{ folder, progress, resume, signal, again },
    free: ["num_iter", "first_num_iter"],
    time: clock,
    onOpen: (run) => clock.open(run),
    async trained(run, datasets, rows) {
      const times = readClock(folder);
      const measured = { ...options, config, datasets, rows, clock: times };
      const values = await one.case.measure?.(measured);
      if (!values) return false;
      const { seconds: took = null, evaluations = null, steps = null } = times.at(-1) ?? {};
      const whole = requestOf(one, { ...options, quick: false });
      const steps_full = allSteps(trainConfig(whole.options));
      const costs = { seconds: took, evaluations, steps, steps_full };
      run.saveFile(file, resultText(request, { ...values, ...costs }));
      return true;
    },
  });
  return state === "finished" ? read(folder) : null;
}

/** Training steps of a configuration. */
const allSteps = (config: CompleteTrainConfig): number =>
  stepsBefore({ half: config.half_iterations + 1, step: 0 }, (half) => stepsOf(half, config));

const trainConfig = (options: Options): CompleteTrainConfig =>
  completeTrain(configure(train, options, { names: methodNames() }).config);

async function fitOne(one: One, request: RunRequest, options: OneOptions): Promise<Result | null> {
  const { folder, again, progress, signal } = options;
  if (!again && isThere(folder)) return readSame(folder, request);
  const began = performance.now();
  const bridge = await fit({
    ...(request.options as Partial<FitOptions>),
    ...sourcesOf(request),
    ...{ folder, again, signal },
    onProgress(now) {
      if ("line" in now) progress.line(now.line);
      else progress.update(now.state);
    },
  });
  bridge.dispose();
  const seconds = (performance.now() - began) / 1000;
  const { config } = readTrained(folder, "newest", "cpu");
  const measured = { ...options, config, rows: [], clock: [] };
  const found = one.case.measure ? await one.case.measure(measured) : {};
  if (!found) return null;
  const values = { ...one.case.read?.(folder), ...found, seconds };
  writeRunFile(folder, file, resultText(request, values));
  return read(folder);
}

/** The datasets as `fit` takes them: one table of several times, or a dataset for each time. */
const sourcesOf = ({ datasets }: RunRequest): FitOptions =>
  datasets.length === 1 ? { source: datasets[0] as string } : { marginals: datasets };

/** What a finished run of `fit` left, whose configuration also holds what was chosen. */
function readSame(folder: string, request: RunRequest): Result {
  const result = read(folder);
  const [before, now] = [requestText(result.request), requestText(request)];
  if (before === now) return result;
  throw new ConfigError(
    `${folder} holds a run of other options (${before}) than now (${now}): add --again to start over`,
  );
}

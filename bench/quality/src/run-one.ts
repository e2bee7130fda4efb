// One run of a benchmark: options become a configuration, then the ordinary runner, and the metrics
// a file of the run. A finished and evaluated run is read, not repeated.
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  type CompleteTrainConfig,
  ConfigError,
  completeTrain,
  fit,
  isSetting,
  parseOverride,
  resolve,
  train,
} from "@dsbm/config";
import { finishedRun, runTraining } from "@dsbm/experiment";
import { type FitRequest, methodNames, runFit, withTimes } from "@dsbm/fit";
import { readTrained } from "@dsbm/inference";
import { stepsBefore, stepsOf } from "@dsbm/problem";
import { checkFiles, readJson, writeRunFile } from "@dsbm/runs";
import { readFitArguments } from "../../../packages/command/cli/dist/words/places.js";
import type { Benchmark, Case, Command, Values, Way } from "./benchmark.js";
import { Clock, readClock } from "./clock.js";
import type { EngineOptions } from "./engine.js";
import { type Provenance, provenance } from "./provenance.js";

interface One {
  benchmark: Benchmark;
  case: Case;
  way: Way;
  seed: number;
}

interface OneOptions extends EngineOptions {
  /** The folder of this run, and the folder of the case's files. */
  folder: string;
  files: string;
}

/** What a run left. */
export interface Result extends Provenance {
  /** What it was described by, without the time that it had. */
  words: string[];
  values: Values;
}

const lasting = (words: readonly string[]) =>
  words.filter((word) => !/^(threads|max_minutes)=/.test(word));

const file = "benchmark.json";
/** More steps than a run has: no evaluation or checkpoint in a half-iteration but those by minutes. */
const never = 1_000_000_000;

const keyOf = (word: string): string => (isSetting(word) ? parseOverride(word).key : word);

/** Options of which the last value of a key counts. */
function lastOfEach(words: readonly string[]): string[] {
  const last = new Map(words.map((word) => [keyOf(word), word]));
  return [...last.values()];
}

const commandOf = ({ benchmark, way }: One): Command => way.command ?? benchmark.command;

/** The options of a run, as typed. */
function wordsOf(
  one: One,
  options: Pick<OneOptions, "files" | "quick" | "minutes" | "threads">,
): string[] {
  const { benchmark, way, seed } = one;
  const { threads, minutes } = options;
  const common = [`seed=${seed}`, `threads=${threads}`, "plot_level=0", "checkpoint_minutes=2"];
  const { quick } = benchmark;
  const command = commandOf(one);
  const timed = command === "fit" && minutes !== null ? [`max_minutes=${minutes}`] : [];
  return lastOfEach([
    ...one.case.words(options.files, options, command, way.name),
    ...way.words,
    ...(one.case.own?.[way.name] ?? []),
    ...(options.quick ? [...(quick.words ?? []), ...(quick.own?.[way.name] ?? [])] : []),
    ...common,
    ...timed,
  ]);
}

/**
 * Runs one, or reads an earlier result; null if it was stopped or is missing. Throws the errors of
 * runs.
 */
export async function runOne(one: One, options: OneOptions): Promise<Result | null> {
  const { folder, known, again, progress } = options;
  const words = wordsOf(one, options);
  const elsewhere =
    again || isThere(folder)
      ? null
      : known?.find({
          ...{ benchmark: one.benchmark.name, case: one.case.name },
          ...{ method: one.way.name, seed: one.seed, words: lasting(words) },
        });
  if (elsewhere) {
    progress.line(`read: ${elsewhere.date.slice(0, 10)}, commit ${elsewhere.commit}`);
    return elsewhere;
  }
  if (!options.train && !isThere(folder)) return null;
  mkdirSync(options.files, { recursive: true });
  await one.case.prepare?.(options.files, options, one.way.name);
  return commandOf(one) === "fit"
    ? fitted(one, words, { ...options, folder })
    : trained(one, words, { ...options, folder });
}

const isThere = (folder: string) => existsSync(join(folder, file));

/** The text of a result that was measured now. */
function resultText(words: readonly string[], values: Values): string {
  const result: Result = { ...provenance(), words: lasting(words), values };
  return `${JSON.stringify(result, null, 2)}\n`;
}

function read(folder: string): Result {
  checkFiles(folder, [file]);
  return readJson(join(folder, file)) as Result;
}

async function trained(one: One, words: string[], options: OneOptions): Promise<Result | null> {
  const { folder, minutes, again, resume, progress, signal } = options;
  const config = trainConfig([
    ...words,
    ...(minutes === null || one.way.closed
      ? []
      : [`gif_stride=${never}`, `checkpoint_stride=${never}`]),
  ]);
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
      const whole = wordsOf(one, { ...options, quick: false });
      const steps_full = allSteps(trainConfig(whole));
      const costs = { seconds: took, evaluations, steps, steps_full };
      run.saveFile(file, resultText(words, { ...values, ...costs }));
      return true;
    },
  });
  return state === "finished" ? read(folder) : null;
}

/** Training steps of a configuration. */
const allSteps = (config: CompleteTrainConfig): number =>
  stepsBefore({ half: config.half_iterations + 1, step: 0 }, (half) => stepsOf(half, config));

function trainConfig(words: readonly string[]): CompleteTrainConfig {
  const { members } = resolve(train, words, { names: methodNames() });
  return completeTrain((members[0] as (typeof members)[number]).config);
}

async function fitted(one: One, words: string[], options: OneOptions): Promise<Result | null> {
  const { folder, again, resume, progress, signal } = options;
  if (!again && isThere(folder)) return sameWords(folder, words);
  const began = performance.now();
  const training = { folder, progress, resume, signal, again };
  const { base, settings } = readFitArguments(words);
  const [member] = resolve(fit, settings, { names: methodNames(), base }).members;
  const request = member as FitRequest;
  const { state } = await runFit({ ...request, base: await withTimes(request) }, training);
  if (state !== "finished") return null;
  const seconds = (performance.now() - began) / 1000;
  const { config } = readTrained(folder, "newest", "cpu");
  const measured = { ...options, config, rows: [], clock: [] };
  const found = one.case.measure ? await one.case.measure(measured) : {};
  if (!found) return null;
  const values = { ...one.case.read?.(folder), ...found, seconds };
  writeRunFile(folder, file, resultText(words, values));
  return read(folder);
}

/** What a finished run of `fit` left, whose configuration also holds what was chosen. */
function sameWords(folder: string, words: readonly string[]): Result {
  const found = read(folder);
  const [before, now] = [found.words, lasting(words)].map((all) => all.join(" "));
  if (before === now) return found;
  throw new ConfigError(
    `${folder} holds a run of other words (${before}) than now (${now}): add --again to start over`,
  );
}

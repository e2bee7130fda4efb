// A run of `dsbm fit`: choices, a plan of its time, the runner of every experiment, and the table at the end.
import { existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import { BridgeError } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { DivergedError, type Holdout, holdoutsOf, measureQuality } from "@dsbm/evaluation";
import { loadEnds, threadsOf, trainingProblem } from "@dsbm/problem";
import { duration, type Progress, type Row, readQuality, runPaths, writeQuality } from "@dsbm/runs";
import { setNumThreads } from "@dsbm/torch";
import { Pace } from "../forecast/pace.js";
import { measureSpeed, type Speed } from "../forecast/speed.js";
import type { RunOptions, WorkerOptions } from "../run/options.js";
import { finishedRun, type RunResult, runTraining, runTrainingWorker } from "../run/run.js";
import {
  chooseChannels,
  choosePictures,
  endSimulations,
  fewSteps,
  leastChannels,
  mostSteps,
  oneIteration,
  type Rule,
  rule,
  twiceTheWidth,
} from "./choose.js";
import type { DataFacts } from "./facts.js";
import type { FitWords } from "./fit-words.js";
import { type Chosen, configured, isFitted, type Prepared, prepare } from "./prepare.js";
import { type Choice, readChoices } from "./saved.js";

/** The rows of a finished run of these words; null for another, and for one that was measured at other hold-outs. */
export function finishedFit(words: FitWords, folder: string): RunResult | null {
  const choices = readChoices(folder);
  if (!choices) return null;
  const { config, own } = configured(words, choices);
  return isMeasured(folder, holdoutsOf(own)) ? finishedRun(folder, config) : null;
}

/** Whether quality.json has what is asked for: the same hold-outs, where any are given. */
function isMeasured(folder: string, holdouts: readonly Holdout[]): boolean {
  const quality = readQuality(folder);
  if (!quality || holdouts.length === 0) return quality !== null;
  return JSON.stringify(quality.holdouts) === JSON.stringify(holdouts);
}

/** Makes the choices, or reads those of the run that goes on, trains, and measures. Throws as runTraining. */
export async function runFit(
  words: FitWords,
  options: RunOptions,
): Promise<RunResult & { state: "finished" | "interrupted" }> {
  const began = performance.now() / 1000;
  const { folder, again = false } = options;
  const before = again ? null : readChoices(folder);
  const planned = before
    ? await resumed(words, before, options)
    : await planFit(words, options, began);
  if (!before) printPlan(planned, options.progress);
  const attempt = (one: Planned, isAgain: boolean) => trainFit(one, { ...options, again: isAgain });
  try {
    return await attempt(planned, again);
  } catch (error) {
    if (!(error instanceof BridgeError) || error.code !== "not_finite" || wasLowered(planned))
      throw error;
    const lowered = lower(planned, words);
    const isLost = error instanceof DivergedError;
    const how = isLost ? "starting over" : "going on from there";
    options.progress.line(`${error.message}: ${how} with lr=${lowered.config.lr}`);
    return attempt(lowered, isLost);
  }
}

/** As a rank that is not 0: with the choices that rank 0 made. */
export function runFitWorker(words: FitWords, options: WorkerOptions): Promise<void> {
  const choices = (options.begin.choices ?? []) as Choice[];
  return runTrainingWorker(configured(words, choices).config, options);
}

interface Planned extends Chosen {
  choices: Choice[];
  pace: Pace;
}

/** What the end takes, in times of an exact plan between the rows that facts were made of. */
function reserveOf({ planSeconds, planned, rows, shape }: DataFacts, holdouts: number): number {
  // Measured: from 1,000 to 8,000 rows of unequal numbers the solver takes about 8^2.25 times as long.
  const plan = (n: number) => planSeconds * (n / Math.max(1, planned)) ** 2.25;
  const n = Math.min(10_000, Math.max(...rows));
  // Two plans between all rows, and five between halves, one after another: other cores may be busy.
  const held = holdouts * (2 * plan(n) + 5 * plan(n / 2));
  return shape.length === 1 ? 14 + 12 * plan(Math.min(2000, 0.1 * n)) + held : 20;
}

/** Part of the time that is kept for the end at most. */
const mostReserved = 0.35;

/** Looks at data and machine. */
export async function planFit(
  words: FitWords,
  { progress, signal }: Pick<RunOptions, "progress" | "signal">,
  began = performance.now() / 1000,
): Promise<Planned> {
  const prepared = await prepare(words, { progress, signal });
  const { facts, own, choices } = prepared;
  const given = words.given;
  const { config, speed } = await inTime(prepared, words, began);
  const pace = new Pace(paceOptions({ config, own }, { speed, facts }), { began });
  const steps = pace.forecast();
  const [first, later] = [steps[0] as number, steps.at(-1) as number];
  const push = (chosen: Rule, given: boolean, organising = false) =>
    choices.push({ ...chosen, given, ...(organising && { organising }) });
  if (own.max_minutes !== null && !given.has("num_iter")) {
    const reason = `what max_minutes=${own.max_minutes} leaves at ${(1 / speed.step).toFixed(0)} steps a second`;
    push(rule("first_num_iter", first, reason), false);
    const isLater = steps.length > config.fb_sequence.length;
    push(rule("num_iter", later, `${reason}, simulations included`), false, !isLater);
    // Evaluations follow half-iterations.
    for (const key of ["gif_stride", "checkpoint_stride"])
      push(rule(key, 1_000_000_000, "only after half-iterations"), given.has(key), true);
  }
  push(rule("max_minutes", own.max_minutes, "the time given"), true);
  const reserve = Math.ceil(pace.reserve);
  push(rule("reserve", reserve, "seconds kept for evaluation and report"), true, true);
  return { ...configured(words, choices), choices, pace };
}

/** Measures the speed; networks and evaluations of pictures become as large as the time is enough for. */
async function inTime(
  { facts, own, choices, ...chosen }: Prepared,
  words: FitWords,
  began: number,
): Promise<{ config: CompleteTrainConfig; speed: Speed }> {
  let { config } = chosen;
  const measured = () => speedWith(config, runPaths("").cache);
  /** Makes a choice in the place of an earlier one; false where the key was given. */
  const change = (rule: Rule): boolean => {
    const at = choices.findIndex(({ key, given }) => key === rule.key && !given);
    if (at >= 0) choices[at] = { ...rule, given: false };
    ({ config } = configured(words, choices));
    return at >= 0;
  };
  const { max_minutes } = own;
  if (isFitted(config)) return { config, speed: { step: 0, pair: 0 } };
  if (facts.shape.length === 1 || max_minutes === null) return { config, speed: await measured() };
  const stepsOf = (speed: Speed) => {
    change(choosePictures(speed.pair, 60 * max_minutes, config.half_iterations));
    const pace = new Pace(paceOptions({ config, own }, { speed, facts }), { began });
    return Math.min(...pace.forecast());
  };
  // From narrow to wide: steps of wide networks take seconds.
  const widest = (config.model as { num_channels: number }).num_channels;
  const whole = choices.find(({ key }) => key === "model.num_channels");
  let channels = change(chooseChannels(leastChannels, 0)) ? leastChannels : widest;
  let speed = await measured();
  let steps = stepsOf(speed);
  while (channels < widest && steps / twiceTheWidth >= fewSteps) {
    channels *= 2;
    change(chooseChannels(channels, 0));
    speed = await measured();
    steps = stepsOf(speed);
  }
  if (whole) change(channels < widest ? chooseChannels(channels, steps) : whole);
  const isTwo = choices.some(({ key, value }) => key === "n_ipf" && value === 2);
  if (steps < fewSteps && isTwo && change(oneIteration(steps))) stepsOf(speed);
  return { config, speed };
}

function paceOptions(
  { config, own }: Chosen,
  { speed, facts, reserve }: { speed: Speed; facts?: DataFacts; reserve?: number },
) {
  const { cache_refresh_stride: stride, cache_npar, batch_size, fb_sequence } = config;
  const holdouts = holdoutsOf(own).length;
  const rows = facts ? Math.min(...facts.rows) : 0;
  const seconds = own.max_minutes === null ? Number.POSITIVE_INFINITY : 60 * own.max_minutes;
  // An evaluation of pictures is a simulation of some.
  const evaluation = facts && facts.shape.length > 1 ? config.test_npar * speed.pair : 0;
  const end = facts ? reserveOf(facts, holdouts) + endSimulations * evaluation : 20;
  return {
    evaluation,
    seconds: own.max_minutes === null ? null : seconds,
    reserve: Math.min(reserve ?? end, mostReserved * seconds),
    halves: config.half_iterations,
    first: fb_sequence.length,
    most: rows > 0 ? mostSteps(rows, batch_size) : Math.max(config.first_num_iter, config.num_iter),
    step: { first: speed.step, later: speed.step + (cache_npar * speed.pair) / stride },
    stride,
    earlyStop: own.early_stop,
  };
}

async function speedWith(config: CompleteTrainConfig, cacheFolder: string): Promise<Speed> {
  setNumThreads(threadsOf(config));
  const ends = loadEnds(config);
  try {
    return await measureSpeed(trainingProblem(config, ends, { cacheFolder }));
  } finally {
    ends.dispose();
  }
}

/** A run that goes on: its choices, and the speed that it was planned with. */
async function resumed(
  words: FitWords,
  choices: Choice[],
  { progress }: RunOptions,
): Promise<Planned> {
  progress.line("going on with the choices in choices.json");
  const chosen = configured(words, choices);
  const reserve = Number(choices.find(({ key }) => key === "reserve")?.value ?? 20);
  const speed = { step: 0.01, pair: 0.001 };
  const pace = new Pace(paceOptions(chosen, { speed, reserve }), {});
  return { ...chosen, choices, pace };
}

/** Prints choices with their reasons, and the plan of the time. */
export function printPlan(
  { choices, own, config, pace }: Pick<Planned, "choices" | "own" | "config" | "pace">,
  { line }: Pick<Progress, "line">,
): void {
  const shown = choices.filter(({ key, organising }) => !organising && key !== "max_minutes");
  const text = ({ key, value }: Choice) => `${key}=${value}`;
  const width = Math.max(...shown.map((choice) => text(choice).length));
  for (const choice of shown) line(`${text(choice).padEnd(width)}  because ${choice.reason}`);
  if (isFitted(config))
    line("time: that of a closed form, evaluation and report; nothing is trained in steps");
  if (own.max_minutes === null) return;
  const steps = pace
    .forecast()
    .map((n, i) => `${n} ${config.fb_sequence[i % config.fb_sequence.length]}`);
  line(
    `time: ${duration(60 * own.max_minutes)} in all, about ${duration(pace.reserve)} of it for evaluation and report at the end; half-iterations of ${steps.join(", ")} steps, planned again as they run`,
  );
  if (pace.least > 60 * own.max_minutes)
    line(
      `it will take longer, about ${duration(pace.least)}: fewer steps than those learn nothing; for more of them write max_minutes=${Math.ceil((3 * pace.least) / 60)}`,
    );
}

const wasLowered = ({ choices }: Planned) =>
  choices.some(({ key, reason }) => key === "lr" && reason.startsWith("lowered"));

/** The same with a lower learning rate. */
function lower(planned: Planned, words: FitWords): Planned {
  const lr = Number((planned.config.lr / 5).toPrecision(6));
  const reason = `lowered from ${planned.config.lr}, which led to numbers that are not finite`;
  const choices = planned.choices.filter(({ key }) => key !== "lr");
  choices.push({ key: "lr", value: lr, reason, given: false });
  const tokens = words.tokens.filter((word) => !/^\+{0,2}lr=/.test(word));
  return { ...planned, choices, ...configured({ tokens }, choices) };
}

async function trainFit(
  { config, own, choices, pace }: Planned,
  options: RunOptions,
): Promise<RunResult & { state: "finished" | "interrupted" }> {
  const { folder, progress, signal } = options;
  const holdouts = holdoutsOf(own);
  const measure = async (ends?: Parameters<typeof measureQuality>[1]) => {
    const quality = await measureQuality(folder, {
      ...ends,
      holdouts,
      progress,
      signal,
      threads: config.threads,
      device: config.device,
    });
    if (quality) writeQuality(folder, quality);
    return quality !== null;
  };
  const result = await runTraining(config, {
    ...options,
    hooks: {
      free: ["lr", "num_iter", "first_num_iter"],
      begin: { choices },
      opened: (run) => void run.saveFile("choices.json", `${JSON.stringify(choices, null, 2)}\n`),
      pace,
      async trained(_run, ends, rows) {
        keepBest(folder, rows, progress);
        warnOfFewSteps(rows, own.max_minutes, progress);
        if (!(await measure({ ends }))) return false;
        progress.line(`took ${duration(pace.seconds)}`);
        return true;
      },
    },
  });
  // A run that was finished before, asked for other hold-outs.
  if (result.state === "finished" && !isMeasured(folder, holdouts) && !(await measure()))
    return { rows: result.rows, state: "interrupted" };
  return result;
}

function warnOfFewSteps(rows: readonly Row[], minutes: number | null, { line }: Progress): void {
  const least = Math.min(...rows.map(({ step }) => Number(step)));
  if (minutes !== null && least < fewSteps)
    line(
      `warning: a half-iteration had ${least} steps in the time given, which is little: expected ${fewSteps} or more, so give more time than max_minutes=${minutes}`,
    );
}

/** What a later half-iteration may be worse than an earlier one: a tenth, and a quarter of the floor, which is noise. */
const allowed = (row: Row): number =>
  1.1 * Number(row.sliced_w2) + 0.25 * Number(row.data_sliced_w2 ?? 0);

/** Sets weights aside that reach held-out data worse than earlier ones. */
function keepBest(folder: string, rows: readonly Row[], { line }: Progress): void {
  const paths = runPaths(folder);
  for (const direction of ["f", "b"] as const) {
    const own = rows.filter(
      (row) => row.direction === direction && typeof row.sliced_w2 === "number",
    );
    const last = own.at(-1);
    if (!last) continue;
    const best = own.reduce((a, b) => (Number(b.sliced_w2) < Number(a.sliced_w2) ? b : a));
    if (Number(last.sliced_w2) <= allowed(best)) continue;
    for (const { half_iteration } of own)
      if (Number(half_iteration) > Number(best.half_iteration)) {
        const path = paths.model(Number(half_iteration), direction);
        if (existsSync(path))
          renameSync(path, join(paths.models, `worse_${half_iteration}_${direction}.safetensors`));
      }
    line(
      `the weights of half-iteration ${best.half_iteration} ${direction} are kept: sliced W2 ${Number(best.sliced_w2).toPrecision(3)}, later ${Number(last.sliced_w2).toPrecision(3)}`,
    );
  }
}

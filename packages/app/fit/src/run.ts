import { existsSync } from "node:fs";
import { join } from "node:path";
import type { QualityOptions } from "@dsbm/evaluation";
import {
  finishedRun,
  measureRun,
  type RunOptions,
  type RunResult,
  runTraining,
  runTrainingWorker,
  type WorkerOptions,
} from "@dsbm/experiment";
import {
  type Choice,
  Clock,
  checkFiles,
  duration,
  type Row,
  readChoiceList,
  readQuality,
  toJson,
} from "@dsbm/runs";
import { Choices } from "./choices.js";
import { leaveOut } from "./leave-out/leave-out.js";
import { leaveOutSeconds } from "./leave-out/time.js";
import { type FitPlan, planFit } from "./plan.js";
import { printPlan } from "./print.js";
import { configureFit, type FitRequest } from "./request.js";
import { endEvaluationShare, mostSteps, timePlan } from "./time.js";

/** The share of the time that an evaluation has although the time is up. */
const leastShare = 0.05;

/** Returns the rows of a finished run, or null if the run is unfinished or has other hold-outs. */
export function finishedFit(folder: string, request: FitRequest): Row[] | null {
  const choices = readChoices(folder);
  if (!choices) return null;
  const { config, own } = configureFit(request, choices);
  return isMeasured(folder, own) ? finishedRun(folder, config) : null;
}

function isMeasured(folder: string, { holdout, at }: FitPlan["own"]): boolean {
  const quality = readQuality(folder);
  if (!quality || holdout === null) return quality !== null;
  const times = [at].flat();
  const holdouts = [holdout].flat().map((path, i) => ({ path, at: times[i] }));
  return JSON.stringify(holdouts) === JSON.stringify(quality.holdouts);
}

/**
 * Chooses, or reads the choices of a resumed run, then trains and evaluates.
 * @throws as `runTraining`.
 */
export async function runFit(request: FitRequest, options: RunOptions): Promise<RunResult> {
  const { folder, progress, again = false, began = performance.now() / 1000 } = options;
  const saved = again ? null : readChoices(folder);
  if (saved) {
    progress.line("resuming with the choices in choices.json");
    return trainFit(resumedFit(request, saved, began), options);
  }
  const plan = await planFit(request, { progress, signal: options.signal }, began);
  try {
    printPlan(plan, progress);
    return await trainFit(plan, options);
  } finally {
    plan.datasets?.dispose();
  }
}

/**
 * Returns null if the run has no choices.
 * @throws {RunError} for a damaged file.
 */
function readChoices(folder: string): Choice[] | null {
  if (!existsSync(join(folder, "choices.json"))) return null;
  checkFiles(folder, ["choices.json"]);
  return readChoiceList(folder);
}

/** The part of a rank above 0, with rank 0's choices. */
export function runFitWorker(request: FitRequest, options: WorkerOptions): Promise<void> {
  const choices = (options.begin.choices ?? []) as Choice[];
  return runTrainingWorker(configureFit(request, choices).config, options);
}

function resumedFit(request: FitRequest, choices: Choice[], began: number): FitPlan {
  const chosen = configureFit(request, choices);
  const reserve = Number(choices.find(({ key }) => key === "reserve")?.value ?? 20);
  const { first_num_iter, num_iter } = chosen.config;
  const given = new Choices(request);
  // Placeholder until the first steps are timed.
  const speed = { step: 0.01, pair: 0.001 };
  const time = timePlan(chosen, {
    speed,
    reserve,
    mostSteps: mostSteps(
      { config: chosen.config, isGiven: (key) => given.isGiven(key) },
      Math.max(first_num_iter, num_iter),
    ),
    began,
  });
  return { ...chosen, choices, time, forecast: [], datasets: null };
}

async function trainFit(
  { config, own, choices, time, datasets }: FitPlan,
  options: RunOptions,
): Promise<RunResult> {
  const { folder, progress, signal, again = false } = options;
  const measure = (data?: Pick<QualityOptions, "datasets">) => {
    const { threads, device } = config;
    const { inception, fid_statistics } = config.metrics;
    const { holdout, at } = own;
    const { seconds, left } = time.clock;
    const rest =
      left - leaveOutSeconds(config, own.loo, seconds ?? Number.POSITIVE_INFINITY, time.step ?? 0);
    // Work that has begun is finished: on a busy machine it takes longer.
    const part = endEvaluationShare * Math.max(0.2 * left, rest) - time.slowness;
    const clock = new Clock(seconds && Math.max(leastShare * seconds, part));
    return measureRun(folder, {
      ...data,
      holdout,
      at,
      progress,
      signal,
      threads,
      device,
      inception,
      fid_statistics,
      clock,
    });
  };
  const rows = again ? null : finishedRun(folder, config);
  // Asked for other hold-outs.
  if (rows) return { rows, state: (await measure()) ? "finished" : "interrupted" };
  return runTraining(config, {
    ...options,
    free: ["num_iter", "first_num_iter"],
    begin: { choices },
    datasets: datasets?.exact ? null : datasets,
    onOpen: (run) => void run.saveFile("choices.json", `${toJson(choices, { indent: 2 })}\n`),
    time,
    async trained(run, datasets) {
      if (!(await measure({ datasets }))) return false;
      const options = { ...own, time, progress, signal, run };
      const isDone = leaveOut(folder, { config, datasets }, options);
      if (!(await isDone)) return false;
      progress.line(`took ${duration(time.clock.spent)}`);
      return true;
    },
  });
}

// Teachers, runs of few steps that learn from them, shortcut models, and all measured on the same rows.
import { rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { completeTrain, configure, distill, train } from "@dsbm/config";
import {
  finishedRun,
  measureInSteps,
  measureSteps,
  runDistill,
  runTraining,
} from "@dsbm/experiment";
import { methodNames } from "@dsbm/fit";
import { Bridge } from "@dsbm/inference";
import { isFinished, type MetricRow, type Progress, runPaths } from "@dsbm/runs";
import { Generator, randn, tidy } from "@dsbm/torch";
import type { Options } from "../benchmark.js";

/** A teacher and its run of few steps. */
export interface StudyCase {
  name: string;
  about: string;
  /** Options of `dsbm train` for the teacher. */
  teacher: Options;
  /** Options of `dsbm distill`. */
  distill: Options;
  /** Whether a run like the teacher with `shortcut=true` is trained, too. */
  shortcut?: boolean;
}

/** A run in a number of steps. */
export interface StudySampler {
  of: "teacher" | "distilled" | "shortcut";
  steps: number;
  rows: readonly MetricRow[];
  /** Processor time to sample 1,000 rows forward. */
  seconds: number;
}

/** What a case showed. */
export interface StudyResult {
  study: StudyCase;
  /** The teacher first. */
  samplers: StudySampler[];
}

/** What the study needs of its caller. */
export interface StudyWork {
  /** The folder of all runs. */
  folder: string;
  /** Whether to start over. */
  again: boolean;
  progress: Progress;
  signal: AbortSignal;
  /** The command that resumes the study. */
  resume: string;
}

const rows = 1000;
const timings = 3;
const shortcutSteps = [1, 2, 4];

/** The cases; a quick study has short trainings. */
export function studyCases(quick: boolean): StudyCase[] {
  const few = (num_iter: number): Options => ({
    ...{ steps: 4, threads: 1, num_iter: quick ? Math.ceil(num_iter / 20) : num_iter },
  });
  const plane: Options = {
    ...{ dataset: "moons", Dataset: "moons", Dataset_transfer: "eight_gaussians", threads: 1 },
    ...{ "model.hidden": [128, 128, 128], "model.time_frequencies": 8, lr: 2e-3, plot_level: 0 },
    ...{ "data.n_train": 20_000, "data.n_test": 10_000, test_npar: 1000, lr_schedule: "cosine" },
    ...{ batch_size: 256, num_steps: 20, cache: "disk", cache_npar: 12_800 },
    cache_refresh_stride: 500,
  };
  const steps = (num_iter: number, n_ipf: number): Options => ({
    ...{ num_iter: quick ? 100 : num_iter, first_num_iter: quick ? 100 : num_iter, n_ipf },
  });
  return [
    {
      name: "plane",
      about: "moons to eight Gaussians, DSBM with σ = 1, 20 steps",
      teacher: { ...plane, method: "dbdsb", ...steps(2000, 3) },
      distill: few(6000),
    },
    {
      name: "flow",
      about: "moons to eight Gaussians, OT-CFM without noise, 20 steps",
      teacher: { ...plane, method: "otcfm", ...steps(3000, 1) },
      distill: few(3000),
      shortcut: true,
    },
    {
      name: "digits",
      about: "digits 2 to digits 3 in 64 principal components, DSBM with σ = 0.5, 60 steps",
      teacher: { dataset: "digits", threads: 1, plot_level: 0, ...steps(2000, 2) },
      distill: few(6000),
    },
  ];
}

/**
 * Trains what is missing of a case, and measures it. Returns null if it was stopped.
 * @throws the errors of runs.
 */
export async function studyOf(study: StudyCase, work: StudyWork): Promise<StudyResult | null> {
  const { again, progress, signal } = work;
  const place = (of: StudySampler["of"]) => join(work.folder, study.name, of);
  const distilled = place("distilled");
  if (again) rmSync(join(work.folder, study.name), { recursive: true, force: true });
  if (!(await trainCase(study.teacher, place("teacher"), work))) return null;
  const { config } = configure(distill, study.distill);
  if (!isFinished(distilled)) {
    const call = { ...work, folder: distilled, again: false };
    const { state } = await runDistill(place("teacher"), config, call);
    if (state === "interrupted") return null;
  }
  const shortcut = { ...study.teacher, shortcut: true };
  if (study.shortcut && !(await trainCase(shortcut, place("shortcut"), work))) return null;
  const options = { n: 2000, exact: 2000, threads: 1, progress, signal };
  const comparison = await measureSteps(distilled, options);
  if (!comparison) return null;
  const samplers: StudySampler[] = [];
  const add = async (
    of: StudySampler["of"],
    { steps, rows }: Pick<StudySampler, "steps" | "rows">,
  ) => {
    const folder = of === "teacher" ? runPaths(distilled).teacher : place(of);
    samplers.push({ of, steps, rows, seconds: await samplingSeconds(folder, steps) });
  };
  for (const { of, ...one } of comparison.samplers)
    await add(of === "teacher" ? "teacher" : "distilled", one);
  for (const steps of study.shortcut ? shortcutSteps : []) {
    const rows = await measureInSteps(place("shortcut"), steps, options);
    if (!rows) return null;
    await add("shortcut", { steps, rows });
  }
  return { study, samplers };
}

/** Trains a run of a case unless it is finished. Returns false if it was stopped. */
async function trainCase(settings: Options, folder: string, work: StudyWork): Promise<boolean> {
  const options = { ...settings, "paths.experiments_dir_name": work.folder };
  const config = completeTrain(configure(train, options, { names: methodNames() }).config);
  if (isFinished(folder) && finishedRun(folder, config)) return true;
  const { progress, signal, resume } = work;
  const { state } = await runTraining(config, { folder, progress, signal, resume });
  return state === "finished";
}

/** The least processor time of some samplings of 1,000 rows forward. */
async function samplingSeconds(folder: string, steps: number): Promise<number> {
  using bridge = Bridge.open(folder, { threads: 1 });
  const x = tidy(() =>
    randn([rows, ...bridge.trained.shape], { generator: Generator.create(1) }).keep(),
  );
  const seconds: number[] = [];
  // The first one records the program.
  for (let i = 0; i <= timings; i++) {
    const began = process.cpuUsage();
    const { x: end } = await bridge.sample(x, { direction: "f", steps, seed: i });
    const { user, system } = process.cpuUsage(began);
    seconds.push((user + system) / 1e6);
    end.dispose();
  }
  x.dispose();
  return Math.min(...seconds.slice(1));
}

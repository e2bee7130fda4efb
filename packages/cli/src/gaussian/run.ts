// One run of the Gaussian benchmark: training, evaluation after every half-iteration, and what stays on disk.

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Direction, Endpoints, GaussianBridge } from "@dsbm/bridge";
import { freeProcessKeys, type GaussianConfig } from "@dsbm/config";
import { formatCsv, openCsv, type Row, type RunWriter, readCsv, writeFileAtomic } from "@dsbm/runs";
import { io } from "@dsbm/torch";
import { type TrainEvent, Training, withExecution } from "@dsbm/train";
import { describeStep } from "../machine/ranks.js";
import { version } from "../machine/version.js";
import { openRunOf } from "../run/open-run.js";
import type { AccompanyOptions, RunOptions } from "../run/options.js";
import { checkSameConfig, finishedRows } from "../run/resume.js";
import type { Progress } from "../terminal/progress.js";
import { type Evaluation, evaluate, exactValues } from "./evaluate.js";
import { writePictures, writeTrajectories } from "./outputs.js";
import { gaussianProblem } from "./problem.js";
import { encodeState, restoreState } from "./state.js";

/** The columns of results.csv. */
export const columns = [
  "half_iteration",
  "direction",
  "steps",
  "mean",
  "var",
  "cov",
  "kl_diag",
  "kl_full",
  "floor_diag",
  "floor_full",
  "seconds",
] as const;

export interface GaussianResult {
  folder: string;
  rows: Row[];
  /** What the exact bridge shows at the end of a backward run. */
  exact: { mean: number; var: number; cov: number };
  state: "finished" | "interrupted";
}

/** Keys that may differ between a run and its continuation: they do not change what is learnt. */
const free: ReadonlySet<string> = new Set([
  "experiments_dir",
  "threads",
  "log_every",
  ...freeProcessKeys,
]);

/** The rows of a finished run, without running anything. */
export function finishedResult(folder: string, config: GaussianConfig): GaussianResult | null {
  const rows = finishedRows(folder, config, free);
  return rows && { folder, rows, exact: exactValues("b", config), state: "finished" };
}

/**
 * Trains and evaluates one configuration in its folder, going on where an earlier run of it stopped.
 * Throws the errors of configuration, training and disk; the run is then marked as failed.
 */
export async function runGaussian(
  config: GaussianConfig,
  { folder, progress, resume, signal, again = false, ranks = null }: RunOptions,
): Promise<GaussianResult> {
  const exact = exactValues("b", config);
  const earlier = !again && existsSync(join(folder, "run.json"));
  if (earlier) {
    const done = finishedResult(folder, config);
    if (done) return done;
    checkSameConfig(folder, config, free);
  }
  ranks?.broadcast({ kind: "begin" });
  const { problem, test } = gaussianProblem(config);
  const training = new Training(withExecution(problem, { ranks }));
  const run = openRunOf(config, {
    folder,
    columns,
    mode: again ? "restart" : "continue",
  });
  try {
    const half = earlier ? restoreState(training, join(folder, "state.safetensors")) : 0;
    if (half > 0) progress.line(`going on after half-iteration ${half} of ${config.outer_iters}`);
    run.rewind(half + 1);
    rewindForward(folder, half);
    if (half === 0) {
      run.saveFile("x0_test.npy", io.encodeNpy(test.x0));
      run.saveFile("x1_test.npy", io.encodeNpy(test.x1));
    }
    const state = await follow(config, training, test, run, progress, signal);
    if (state === "finished") {
      writeTrajectories(config, training, test, run);
      await writePictures(config, test, run, exact);
      run.finish();
    } else {
      run.interrupt("stopped by a signal");
      progress.line(
        `stopped after half-iteration ${training.state.half} of ${config.outer_iters}; everything up to there is in ${folder}`,
      );
      progress.line(`to go on: ${resume}`);
    }
    return { folder, rows: readCsv(run.paths.results_csv).rows, exact, state };
  } catch (error) {
    run.fail(error);
    throw error;
  } finally {
    training.dispose();
    for (const t of [problem.data.x0, problem.data.x1, test.x0, test.x1]) t.dispose();
  }
}

/** As a rank that is not 0: its part of a run. As `Training.runWorker`. */
export async function accompanyGaussian(
  config: GaussianConfig,
  { ranks, signal }: AccompanyOptions,
): Promise<string | null> {
  const { problem } = gaussianProblem(config);
  const training = new Training(withExecution(problem, { ranks }));
  try {
    return await training.runWorker({ signal });
  } finally {
    training.dispose();
  }
}

/** Forward evaluations of half-iterations that are about to be made again are forgotten. */
function rewindForward(folder: string, half: number): void {
  const path = join(folder, "results_forward.csv");
  if (!existsSync(path)) return;
  const rows = readCsv(path).rows.filter((row) => Number(row.half_iteration) <= half);
  writeFileAtomic(path, formatCsv({ columns: [...columns], rows }));
}

async function follow(
  config: GaussianConfig,
  training: Training,
  test: Endpoints,
  run: RunWriter,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<GaussianResult["state"]> {
  const events = training.run(signal ? { signal } : {});
  for await (const event of events) {
    if (event.type === "step") onStep(event, config, run, progress);
    if (
      event.type === "start" &&
      event.half === training.state.half + 1 &&
      training.state.half === 0
    )
      progress.line(describeStep(event));
    if (event.type === "half") onHalf(event, config, training, test, run, progress);
    if (event.type === "stopped") break;
  }
  progress.done();
  return training.state.half === config.outer_iters ? "finished" : "interrupted";
}

function onStep(
  event: Extract<TrainEvent, { type: "step" }>,
  config: GaussianConfig,
  run: RunWriter,
  progress: Progress,
): void {
  const { half, direction, step, steps, loss, gradNorm, rate } = event;
  run.appendMetric({
    half_iteration: half,
    direction,
    step,
    loss,
    rate,
    ...(gradNorm !== null && { grad_norm: gradNorm }),
  });
  progress.update({
    label: `half-iteration ${half}/${config.outer_iters} ${direction}`,
    step,
    steps,
    rate,
    loss,
  });
}

const resultOf = (
  event: { half: number; direction: Direction; seconds: number },
  steps: number,
  evaluation: Evaluation,
): Row => ({
  half_iteration: event.half,
  direction: event.direction,
  steps,
  ...evaluation,
  seconds: event.seconds,
});

/** Evaluates the newest network, and writes rows, weights and the state to go on from, in this order. */
function onHalf(
  event: Extract<TrainEvent, { type: "half" }>,
  config: GaussianConfig,
  training: Training,
  test: Endpoints,
  run: RunWriter,
  progress: Progress,
): void {
  const { half, direction } = event;
  const { method } = training.problem.method;
  const bridge: GaussianBridge = { a: config.a, sigma: config.sigma };
  const measure = (d: Direction, steps: number) =>
    evaluate({
      sampler: training.sampler,
      method,
      bridge,
      start: d === "f" ? test.x0 : test.x1,
      direction: d,
      steps,
      seed: config.seed,
      half,
    });
  const stepCounts = [...new Set([config.num_steps, config.test_num_steps])];
  const before = readCsv(run.paths.results_csv).rows;
  const newBackward = method.networks === "shared" || direction === "b" || before.length === 0;
  for (const steps of stepCounts) {
    // A half-iteration that trained f leaves the backward network as it was: its numbers stand.
    const same = newBackward ? undefined : before.findLast((row) => row.steps === steps);
    const row: Row = same
      ? { ...same, half_iteration: half, direction, seconds: event.seconds }
      : resultOf(event, steps, measure("b", steps));
    run.appendResult(row);
    if (direction === "f" || method.networks === "shared")
      appendForward(run.paths.folder, resultOf(event, steps, measure("f", steps)));
    const [mean, v, cov, kl, floor] = [row.mean, row.var, row.cov, row.kl_full, row.floor_full].map(
      (x) => (typeof x === "number" ? x.toFixed(4) : "–"),
    );
    progress.line(
      `half-iteration ${half}/${config.outer_iters} ${direction}  ${steps} steps: mean ${mean}  var ${v}  cov ${cov}  KL ${kl} (floor ${floor})  ${event.seconds.toFixed(1)} s`,
    );
  }
  run.saveFile(
    `models/${half}_${direction}.safetensors`,
    io.encodeTensors(training.state.samplers[direction].stateDict(), {
      dsbm: version,
      half_iteration: String(half),
      direction,
    }),
  );
  run.saveFile("state.safetensors", encodeState(training, version));
}

function appendForward(folder: string, row: Row): void {
  const csv = openCsv(join(folder, "results_forward.csv"), columns);
  csv.append(row);
  csv.flush();
  csv.close();
}

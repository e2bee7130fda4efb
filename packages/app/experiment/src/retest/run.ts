// Evaluates a trained run again, by its own sampler and along its probability flow, in a subfolder.
// Leaves the run itself unchanged.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { columnsFor, Evaluator, subjectOf } from "@dsbm/evaluation";
import { Bridge, gridOf, loadNetworks } from "@dsbm/inference";
import {
  type Datasets,
  loadDatasets,
  marginalsOf,
  prepareDatasets,
  stepsBefore,
  threadsOf,
} from "@dsbm/problem";
import {
  checkFiles,
  describeResult,
  loggers,
  metricName,
  namedMetrics,
  namesOfColumns,
  type Row,
  type RunWriter,
  readCsv,
  readLogged,
  readMetrics,
  renderRun,
  shownRows,
} from "@dsbm/runs";
import { setNumThreads } from "@dsbm/torch";
import { writeEvaluationPictures } from "../picture/pictures.js";
import { finishedRows } from "../run/begin/resume.js";
import { openRunOf } from "../run/open-run.js";
import type { RunOptions } from "../run/options.js";
import { evaluationPictures } from "../run/report.js";
import type { RunResult } from "../run/run.js";
import { type CompleteTestConfig, findRun } from "./find.js";
import { hashesOf, nameOf, type Stage, stagesOf, stepsIn, type Task } from "./plan.js";

/** Throws as findRun. */
export function testFolder(
  config: CompleteTestConfig,
  named: string,
  words: readonly string[],
): string {
  return join(findRun(config, named, words), "test", nameOf(config));
}

const runOf = (folder: string) => dirname(dirname(folder));

/** Returns the rows of an earlier evaluation with the present parameters, else null. */
export function finishedTest(folder: string, config: CompleteTestConfig): RunResult | null {
  if (!isOfThese(folder, hashesOf(stagesOf(runOf(folder), config)))) return null;
  const rows = finishedRows(folder, config, new Set(Object.keys(config)));
  return rows && { rows };
}

function isOfThese(folder: string, hashes: Record<string, string>): boolean {
  const path = join(folder, "models.json");
  return existsSync(path) && readFileSync(path, "utf8") === textOf(hashes);
}

const textOf = (hashes: Record<string, string>) => `${JSON.stringify(hashes, null, 2)}\n`;

/**
 * Evaluates into `folder`, and resumes an interrupted evaluation. Throws the errors of
 * configuration, checkpoints, data and disk, and marks the evaluation as failed.
 */
export async function runTest(
  config: CompleteTestConfig,
  options: RunOptions,
): Promise<RunResult & { state: "finished" | "interrupted" }> {
  const { folder, progress, signal, again = false, resume } = options;
  const stages = stagesOf(runOf(folder), config);
  const hashes = hashesOf(stages);
  setNumThreads(threadsOf(config));
  await prepareDatasets(config, { progress, signal });
  const mode = again || !isOfThese(folder, hashes) ? "restart" : "continue";
  if (mode === "continue") checkFiles(folder);
  const ends = loadDatasets(config);
  const { columns, logged } = columnsFor({ ends, config });
  const places = ["split", "sampler"];
  const run = openRunOf(config, { folder, columns: [...places, ...columns], logged, mode });
  try {
    run.saveFile("models.json", textOf(hashes));
    for (const end of marginalsOf(ends)) progress.line(end.about);
    if (config.test_ode_sampler && stages.every(({ flows }) => !flows))
      progress.line(
        `method=${config.method} has no probability flow: only its own sampler is evaluated`,
      );
    const isWhole = await followStages(stages, { config, ends, run, options });
    const { rows } = readCsv(run.paths.results_csv);
    if (!isWhole) {
      run.interrupt("stopped by a signal");
      progress.line(`to resume: ${resume}`);
      return { rows, state: "interrupted" };
    }
    const tasks = stages.flatMap((stage) => stage.tasks);
    logAll(tasks, rows, config, run);
    await writeTestReport(tasks, rows, { config, ends, run });
    run.finish();
    return { rows, state: "finished" };
  } catch (error) {
    run.fail(error);
    throw error;
  } finally {
    ends.dispose();
  }
}

interface Session {
  config: CompleteTestConfig;
  ends: Datasets;
  run: RunWriter;
  options: RunOptions;
}

const isRowOf = ({ at, sampler }: Task, row: Row) =>
  row.half_iteration === at.half && row.direction === at.direction && row.sampler === sampler;

function stepsLeft(task: Task, rows: readonly Row[], { test_num_steps }: CompleteTestConfig) {
  const done = rows.filter((row) => isRowOf(task, row)).map((row) => row.steps);
  const wanted = task.sampler === "ode" ? test_num_steps.slice(0, 1) : test_num_steps;
  return wanted.filter((steps) => !done.includes(steps));
}

async function followStages(stages: readonly Stage[], session: Session): Promise<boolean> {
  const { config, ends, run, options } = session;
  const { progress, signal } = options;
  const threads = threadsOf(config);
  for (const { trained, tasks } of stages) {
    const { rows } = readCsv(run.paths.results_csv);
    const left = tasks.flatMap((task) =>
      stepsLeft(task, rows, config).map((steps) => ({ task, steps })),
    );
    if (left.length === 0) continue;
    using bridge = new Bridge({ ...trained, config }, loadNetworks(trained), { threads });
    const how = { split: config.split, threads, progress, signal };
    using evaluator = await Evaluator.open(subjectOf(bridge, ends), how);
    if (!evaluator) return false;
    for (const { task, steps } of left)
      if (!(await follow(task, steps, evaluator, session))) return false;
  }
  return true;
}

async function follow(
  { at, sampler: kind, id }: Task,
  steps: number,
  evaluator: Evaluator,
  { config, run, options }: Session,
): Promise<boolean> {
  const { progress } = options;
  const flow = {
    solver: config.ode_sampler,
    ode_tol: config.ode_tol,
    ode_step_size: config.ode_euler_step_size,
  };
  using found = await evaluator.evaluate(at, {
    ...(kind === "ode" ? flow : { solver: "sde" }),
    grid: gridOf(evaluator.context.subject.trained, steps),
    steps,
    batch: config.test_batch_size,
  });
  const label = `half-iteration ${at.half} ${at.direction} ${kind}`;
  if (!found) {
    progress.line(`stopped in the evaluation of ${label}`);
    return false;
  }
  if (steps === config.test_num_steps[0]) await writeEvaluationPictures(found, { id, run });
  run.appendResult({ split: config.split, sampler: kind, ...found.result });
  const result = describeResult(readLogged(run.paths.folder), found.result);
  progress.line(`${label}, ${found.result.nfe} evaluations: ${result}  (${id})`);
  return true;
}

function logAll(
  tasks: readonly Task[],
  rows: readonly Row[],
  config: CompleteTestConfig,
  run: RunWriter,
): void {
  const written = readMetrics(run.paths.metrics_jsonl).length;
  const logger = loggers[config.LOGGER](run.paths.folder, { from: 0 });
  const had = stepsIn(runOf(run.paths.folder), config);
  try {
    for (const [i, task] of tasks.entries()) {
      const { at, id } = task;
      const { direction } = at;
      const place = { direction, stage: config.split, ode: task.sampler === "ode" };
      const row = rows.find((one) => isRowOf(task, one));
      if (!row) continue;
      const values = namedMetrics(place, row);
      const steps = stepsBefore(at, had);
      if (i >= written) run.appendMetric({ half_iteration: at.half, step: at.step, ...values });
      logger.log(steps, values);
      const stills = ["start", "end", "data", "spectrum", "scatter"].flatMap((name) => {
        const path = join(run.paths.samples, `${id}_${name}.png`);
        return existsSync(path) ? [[metricName(place, name), readFileSync(path)] as const] : [];
      });
      logger.images(steps, Object.fromEntries(stills));
    }
  } finally {
    logger.close();
  }
}

async function writeTestReport(
  tasks: readonly Task[],
  rows: readonly Row[],
  { config, ends, run }: Pick<Session, "config" | "ends" | "run">,
): Promise<void> {
  const { folder } = run.paths;
  const views = tasks.map(({ at: { direction, half }, id, sampler }) => {
    const how = sampler === "ode" ? config.ode_sampler : "stochastic sampler";
    const title = `Half-iteration ${half} ${direction}, ${how}`;
    return { id, direction, title, pictures: evaluationPictures(folder, { id, direction }) };
  });
  const page = await renderRun({
    folder,
    data: runOf(folder),
    info: run.info,
    config: { ...config },
    views,
    columns: namesOfColumns(readLogged(folder)),
    names: { source: ends.x0.name, target: ends.x1.name },
    title: `Bridge ${ends.x0.name} to ${ends.x1.name}, evaluated again: ${config.method}, seed ${config.seed}`,
    summary: `Source rows that were ${config.split === "test" ? "held out" : "trained on"}; sde: the run's own sampler, ode: its probability flow, nfe: network evaluations per batch.`,
    evaluations: shownRows(readLogged(folder), rows),
    commands: [],
  });
  run.saveFile("report.html", page);
}

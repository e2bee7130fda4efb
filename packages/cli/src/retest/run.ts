// A trained run evaluated again: by the sampler that it was trained with and along its probability flow, in a folder of
// its own below the run's, which stays as training left it.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Network } from "@dsbm/bridge";
import {
  loggers,
  metricName,
  namedMetrics,
  type Row,
  type RunWriter,
  readCsv,
  readMetrics,
  renderReport,
  runPaths,
} from "@dsbm/runs";
import { setNumThreads } from "@dsbm/torch";
import { Sampler } from "@dsbm/train";
import { columns as measured } from "../evaluation/columns.js";
import { evaluate, tellResult, testGrid } from "../evaluation/evaluate.js";
import { type Court, openCourt } from "../evaluation/evaluators.js";
import { flowSampler, plainSampler, type TestSampler } from "../evaluation/test-sampler.js";
import { cores } from "../machine/cores.js";
import { evaluationPictures, scaleNote, writeEvaluationPictures } from "../picture/pictures.js";
import { type ImageData, loadImageData, prepareImageData } from "../problem/ends.js";
import { iterationOf, stepsBefore } from "../problem/iteration.js";
import { imageProcess } from "../problem/problem.js";
import { openRunOf } from "../run/open-run.js";
import type { RunOptions } from "../run/options.js";
import { finishedRows } from "../run/resume.js";
import { chunkRows } from "../run/run.js";
import { loadNetworks } from "../sample/trained.js";
import { type CompleteTestConfig, findRun } from "./find.js";
import { hashesOf, nameOf, type Stage, stagesOf, type Task } from "./plan.js";

/** The columns of an evaluation's results.csv. */
const columns = ["split", "sampler", ...measured] as const;

export interface TestResult {
  rows: Row[];
}

/** The folder of the evaluation that is asked for, below that of its run. Throws as findRun. */
export function testFolder(
  config: CompleteTestConfig,
  named: string,
  words: readonly string[],
): string {
  return join(findRun(config, named, words), "test", nameOf(config));
}

const runOf = (folder: string) => dirname(dirname(folder));

/** The rows of an evaluation that is there already, of the weights that the run has now; null for another. */
export function finishedTest(folder: string, config: CompleteTestConfig): TestResult | null {
  if (!isOfThese(folder, hashesOf(stagesOf(runOf(folder), config)))) return null;
  const rows = finishedRows(folder, config, new Set(Object.keys(config)));
  return rows && { rows };
}

/** Whether what a folder holds was made with these weights. */
function isOfThese(folder: string, hashes: Record<string, string>): boolean {
  const path = modelsFile(folder);
  return existsSync(path) && readFileSync(path, "utf8") === textOf(hashes);
}

const modelsFile = (folder: string) => join(folder, "models.json");
const textOf = (hashes: Record<string, string>) => `${JSON.stringify(hashes, null, 2)}\n`;

/**
 * Evaluates into `folder`, going on where an earlier process stopped. Throws the errors of configuration, weights,
 * data and disk; the evaluation is then marked as failed, and the run is as it was.
 */
export async function runTest(
  config: CompleteTestConfig,
  options: RunOptions,
): Promise<TestResult & { state: "finished" | "interrupted" }> {
  const { folder, progress, signal, again = false, resume } = options;
  const stages = stagesOf(runOf(folder), config);
  const hashes = hashesOf(stages);
  setNumThreads(config.threads === "auto" ? cores() : config.threads);
  await prepareImageData(config, { progress, signal });
  const data = loadImageData(config);
  const run = openRunOf(config, {
    folder,
    columns,
    mode: again || !isOfThese(folder, hashes) ? "restart" : "continue",
  });
  let court: Court | null = null;
  try {
    run.saveFile("models.json", textOf(hashes));
    for (const end of [data.x0, data.x1]) progress.line(end.about);
    if (config.test_ode_sampler && stages.every(({ flows }) => !flows))
      progress.line(`method=${config.method} has no probability flow: its own sampler alone`);
    court = await openCourt(data, config, { progress, signal });
    const rest = { config, data, run, court: court as Court, options };
    const whole = court !== null && (await followStages(stages, rest));
    const { rows } = readCsv(run.paths.results_csv);
    if (!whole) {
      run.interrupt("stopped by a signal");
      progress.line(`to go on: ${resume}`);
      return { rows, state: "interrupted" };
    }
    const tasks = stages.flatMap((stage) => stage.tasks);
    logAll(tasks, rows, config, run);
    writeTestReport(tasks, rows, { config, data, run });
    run.finish();
    return { rows, state: "finished" };
  } catch (error) {
    run.fail(error);
    throw error;
  } finally {
    court?.[Symbol.dispose]();
    data.dispose();
  }
}

interface Session {
  config: CompleteTestConfig;
  data: ImageData;
  run: RunWriter;
  court: Court;
  options: RunOptions;
}

const isRowOf = ({ at, sampler }: Task, row: Row) =>
  row.half_iteration === at.half && row.direction === at.direction && row.sampler === sampler;

/** Evaluates what is not there yet; false when stopped in between. */
async function followStages(stages: readonly Stage[], session: Session): Promise<boolean> {
  for (const { trained, tasks } of stages) {
    const { rows } = readCsv(session.run.paths.results_csv);
    const left = tasks.filter((task) => !rows.some((row) => isRowOf(task, row)));
    if (left.length === 0) continue;
    const networks = loadNetworks(trained, session.config.device);
    try {
      const samplers = samplersOf(networks, session);
      for (const task of left)
        if (!(await follow(task, samplers[task.sampler](), session))) return false;
    } finally {
      for (const network of new Set(Object.values(networks))) network?.dispose();
    }
  }
  return true;
}

type Networks = ReturnType<typeof loadNetworks>;

function samplersOf(
  networks: Networks,
  { config, data }: Session,
): Record<Task["sampler"], () => TestSampler> {
  const {
    method,
    process,
    parametrisation,
    stepVariance,
    grid: learnt,
    eps,
  } = imageProcess(config, data.x1.moments);
  const threads = config.threads === "auto" ? cores() : config.threads;
  const grid = testGrid(learnt, config);
  const some = (networks.b ?? networks.f) as Network;
  return {
    // No task asks for a direction without a network.
    sde: () => {
      const both = { b: networks.b ?? some, f: networks.f ?? some };
      const sampler = new Sampler({
        ...{ method, process, parametrisation, stepVariance, grid: learnt, eps },
        ...{ networks: both, threads, chunkRows },
      });
      return plainSampler(sampler, grid);
    },
    ode: () =>
      flowSampler({
        flow: { method, process, networks, parametrisation, grid: learnt, eps },
        solver: config.ode_sampler,
        options: {
          rtol: config.ode_tol,
          atol: config.ode_tol,
          step_size: config.ode_euler_step_size,
        },
        grid,
        threads,
        chunkRows,
      }),
  };
}

/** One evaluation: pictures, metrics, the row last; false when stopped in between. */
async function follow(
  { at, sampler: kind, id }: Task,
  sampler: TestSampler,
  { config, data, run, court, options }: Session,
): Promise<boolean> {
  const { progress, signal } = options;
  const { split } = config;
  const found = await evaluate(at, { sampler, data, config, court, split, progress, signal });
  const label = `iteration ${iterationOf(at.half, config)} ${at.direction} ${kind}`;
  if (!found) {
    progress.line(`stopped in the evaluation of ${label}`);
    return false;
  }
  try {
    await writeEvaluationPictures(found, { id, at, sampler, data, config, run, split });
    run.appendResult({ split, sampler: kind, ...found.result });
    progress.line(
      `${label}, ${found.result.nfe} evaluations: ${tellResult(found.result)}  (${id})`,
    );
    return true;
  } finally {
    for (const t of [found.start, found.end, found.data]) t.dispose();
  }
}

const placeOf = ({ at, sampler }: Task, { split }: CompleteTestConfig) =>
  ({ direction: at.direction, stage: split, ode: sampler === "ode" }) as const;

/** All rows under the reference's names, in metrics.jsonl and through LOGGER: at the end, and whole. */
function logAll(
  tasks: readonly Task[],
  rows: readonly Row[],
  config: CompleteTestConfig,
  run: RunWriter,
): void {
  // What a killed process told before.
  const told = readMetrics(run.paths.metrics_jsonl).length;
  const logger = loggers[config.LOGGER](run.paths.folder, { from: 0 });
  try {
    for (const [i, task] of tasks.entries()) {
      const { at, id } = task;
      const place = placeOf(task, config);
      const row = rows.find((one) => isRowOf(task, one));
      if (!row) continue;
      const values = namedMetrics(place, row);
      const steps = stepsBefore(at, config);
      if (i >= told) run.appendMetric({ half_iteration: at.half, step: at.step, ...values });
      logger.log(steps, values);
      const stills = ["start", "end", "data", "spectrum"].flatMap((name) => {
        const path = runPaths(run.paths.folder).sample(`${id}_${name}`, "png");
        return existsSync(path) ? [[metricName(place, name), readFileSync(path)] as const] : [];
      });
      logger.images(steps, Object.fromEntries(stills));
    }
  } finally {
    logger.close();
  }
}

function writeTestReport(
  tasks: readonly Task[],
  rows: readonly Row[],
  { config, data, run }: Pick<Session, "config" | "data" | "run">,
): void {
  const pictures = tasks.flatMap((task) => {
    const { direction, half } = task.at;
    const how = task.sampler === "ode" ? config.ode_sampler : "stochastic sampler";
    return evaluationPictures(task.id, direction, { config, run }).map(({ path, caption }) => ({
      path,
      caption: `${caption} (half-iteration ${half} ${direction}, ${how})`,
    }));
  });
  run.saveFile(
    "index.html",
    renderReport({
      title: `Bridge ${data.x0.name} to ${data.x1.name}, evaluated again: ${config.method}, seed ${config.seed}`,
      summary: `Starts that were ${config.split === "test" ? "held out" : "trained on"}; sde is the run's own sampler, ode its probability flow, nfe the evaluations of the network a batch. ${scaleNote}`,
      facts: { ...config },
      tables: [{ caption: "Evaluations", rows }],
      pictures,
    }),
  );
}

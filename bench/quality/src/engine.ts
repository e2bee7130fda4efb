// Runs any benchmark: every case, method and seed, one after the other. Finished runs are read, so
// that a stopped benchmark continues; a failed run does not end the others.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describeError } from "@dsbm/config";
import { writeFileAtomic } from "@dsbm/files";
import { readJson, runQueue } from "@dsbm/runs";
import type { Benchmark, Sizes, Values } from "./benchmark.js";
import type { KnownResults } from "./csv.js";
import { type Result, runOne } from "./run-one.js";

export interface EngineOptions extends Sizes {
  /** The folder of all runs of this benchmark. */
  folder: string;
  /** Minutes of each training; null: as configured. */
  minutes: number | null;
  again: boolean;
  resume: string;
  /** Runs of other machines. They are not repeated. */
  known?: KnownResults | undefined;
  /** Whether runs and references that are nowhere are made. */
  train: boolean;
  /** Called after each run. */
  done?(outcome: Outcome): Promise<unknown>;
}

export interface Finished extends Result {
  case: string;
  method: string;
  seed: number;
}

export interface Outcome {
  benchmark: Benchmark;
  results: Finished[];
  references: { case: string; label: string; values: Values }[];
  failed: { run: string; why: string }[];
  stopped: boolean;
}

/** Trainings of a benchmark that take steps. */
export const trainings = ({ cases, methods, seeds }: Benchmark): number =>
  cases.length * seeds.length * methods.filter((way) => !way.closed).length;

/**
 * Runs everything unfinished. Failures are listed; a signal ends it after the run in progress was
 * saved.
 */
export async function runBenchmark(benchmark: Benchmark, options: EngineOptions): Promise<Outcome> {
  const { progress, signal } = options;
  const outcome: Outcome = { benchmark, results: [], references: [], failed: [], stopped: false };
  for (const one of benchmark.cases) {
    const values = await references(benchmark, one, options);
    if (values === null) return { ...outcome, stopped: true };
    for (const [label, row] of Object.entries(values))
      outcome.references.push({ case: one.name, label, values: row });
  }
  const tasks = tasksOf(benchmark);
  const end = await runQueue(tasks, {
    signal,
    async run(task) {
      progress.line(`[${task.number}/${tasks.length}] ${task.label}`);
      const { case: one, way, seed } = task;
      const folder = join(options.folder, one.name, way.name, String(seed));
      const result = await runOne(task, { ...options, folder, files: filesOf(options) });
      if (result) outcome.results.push({ ...result, case: one.name, method: way.name, seed });
    },
    failed({ label }, error) {
      outcome.failed.push({ run: label, why: describeError(error) });
      progress.line(`${label} failed`);
    },
    done: async () => options.done?.(outcome),
  });
  return { ...outcome, stopped: end === "stopped" };
}

/** Every run of a benchmark, numbered from 1 on, seed after seed. */
function tasksOf(benchmark: Benchmark) {
  const { name, cases, methods, seeds } = benchmark;
  const runs = seeds.flatMap((seed) =>
    cases.flatMap((one) => methods.map((way) => ({ benchmark, case: one, way, seed }))),
  );
  return runs.map((run, i) => {
    const label = `${name} ${run.case.name} ${run.way.name} seed=${run.seed}`;
    return { ...run, number: i + 1, label };
  });
}

/** The folder of the files of all cases. */
const filesOf = ({ folder }: Pick<EngineOptions, "folder">) => join(folder, "data");

/** The rows of a case that no method makes, computed once; null if it was stopped. */
async function references(
  benchmark: Benchmark,
  { name, references: make }: Benchmark["cases"][number],
  options: EngineOptions,
): Promise<Record<string, Values> | null> {
  if (!make) return {};
  const path = join(options.folder, name, "references.json");
  if (!options.again && existsSync(path)) return readJson(path) as Record<string, Values>;
  const found =
    (options.again ? null : options.known?.references(benchmark.name, name)) ??
    (options.train ? await make({ ...options, files: filesOf(options) }) : {});
  if (found && options.train) writeFileAtomic(path, `${JSON.stringify(found, null, 2)}\n`);
  return found;
}

// Runs any benchmark: every case, method and seed, one after the other. Finished runs are read, so
// that a stopped benchmark continues; a failed run does not end the others.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describeError } from "@dsbm/config";
import { writeFileAtomic } from "@dsbm/files";
import { readJson } from "@dsbm/runs";
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
  /** After each run. */
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
  const { folder, progress, signal } = options;
  const { cases, methods, seeds } = benchmark;
  const outcome: Outcome = { benchmark, results: [], references: [], failed: [], stopped: false };
  const total = cases.length * methods.length * seeds.length;
  let number = 0;
  for (const one of cases) {
    const found = await references(benchmark, one, options);
    if (found === null) return { ...outcome, stopped: true };
    for (const [label, values] of Object.entries(found))
      outcome.references.push({ case: one.name, label, values });
  }
  for (const seed of seeds)
    for (const one of cases)
      for (const way of methods) {
        number++;
        const run = `${benchmark.name} ${one.name} ${way.name} seed=${seed}`;
        progress.line(`[${number}/${total}] ${run}`);
        try {
          const place = join(folder, one.name, way.name, String(seed));
          const result = await runOne(
            { benchmark, case: one, way, seed },
            { ...options, folder: place, files: filesOf(options) },
          );
          if (result) outcome.results.push({ ...result, case: one.name, method: way.name, seed });
        } catch (error) {
          if (signal.aborted) return { ...outcome, stopped: true };
          outcome.failed.push({ run, why: describeError(error) });
          progress.line(`${run} failed`);
        }
        await options.done?.(outcome);
        if (signal.aborted) return { ...outcome, stopped: true };
      }
  return outcome;
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

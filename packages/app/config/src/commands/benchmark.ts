// The keys of dsbm benchmark.

import { z } from "zod";
import type { Experiment } from "../configure.js";
import { file, flag, named, names, orNull, positive, threads } from "../schema/kinds.js";

const benchmarkSchema = z.strictObject({
  quick: flag(false, "few cases, methods and samples, one seed, and short trainings; also --quick"),
  methods: names("only these methods", ["dsbm_imf", "sf2m"]),
  cases: names("only these cases", ["d5", "moons"]),
  seeds: names("these seeds", ["1", "2"]),
  max_minutes: orNull(
    positive(),
    "minutes for all of it, shared among the trainings; null: the steps of the benchmark, or 15 with --quick",
    15,
  ),
  results: file(
    "a .csv of earlier tables, of any machine: runs that stand there with the same words are read, not made again",
    "docs/results.csv",
  ),
  train: flag(
    true,
    "false: tables of the runs that are finished or stand in results, and nothing is trained",
  ),
  out: file("the file of the tables, with a .csv beside it", "docs/results.md"),
  threads: threads("processor threads; auto is all of them"),
  experiments_dir: named("experiments", "folder of all runs"),
});

export type BenchmarkConfig = z.output<typeof benchmarkSchema>;

function checkBenchmark({ seeds }: BenchmarkConfig): string[] {
  const odd = seeds?.find((seed) => !/^\d{1,9}$/.test(seed));
  return odd === undefined ? [] : [`seeds: got "${odd}"; expected whole numbers such as seeds=1,2`];
}

export const benchmark: Experiment<typeof benchmarkSchema> = {
  name: "benchmark",
  about: "methods side by side, each table beside published figures and what a perfect sampler has",
  schema: benchmarkSchema,
  check: checkBenchmark,
};

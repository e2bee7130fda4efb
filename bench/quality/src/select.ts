// Selects a part of a benchmark.
import { existsSync, statSync } from "node:fs";
import { ConfigError } from "@dsbm/config";
import { nearestName } from "@dsbm/files";
import type { Benchmark } from "./benchmark.js";
import type { BenchmarkConfig } from "./config.js";
import { trainings } from "./engine.js";
import { cells } from "./sets/cells.js";
import { courses } from "./sets/courses.js";
import { eot } from "./sets/eot.js";
import { gaussian } from "./sets/gaussian.js";
import { growth } from "./sets/growth.js";
import { lineages } from "./sets/lineages.js";
import { planarBenchmark } from "./sets/planar.js";

const simple = { gaussian, "2d": planarBenchmark, eot };

/** The names of benchmarks that can be typed. */
const benchmarkNames: readonly string[] = [
  ...Object.keys(simple),
  "cells",
  "growth",
  "verdicts",
  "all",
];

/**
 * The benchmarks of a name; `folder` has the cells, or is a file with growth.
 * @throws {ConfigError}
 */
function benchmarksOf(name: string, folder: string | undefined): Benchmark[] {
  if (!benchmarkNames.includes(name))
    throw new ConfigError(`unknown benchmark "${name}": ${cure(name, "one", benchmarkNames)}`);
  if (name === "growth") {
    const isFolder = folder !== undefined && existsSync(folder) && statSync(folder).isDirectory();
    return [
      ...(isFolder ? [] : [growth(folder), lineages]),
      courses(isFolder ? folder : undefined),
    ];
  }
  if (name === "all")
    return [...Object.values(simple), ...(folder === undefined ? [] : [cells(folder)])];
  if (name !== "cells" && folder !== undefined)
    throw new ConfigError(`benchmark ${name} takes no folder, got "${folder}": leave it out`);
  if (name !== "cells") return [simple[name as keyof typeof simple]];
  if (folder !== undefined) return [cells(folder)];
  throw new ConfigError(
    "benchmark cells needs the folder of day_N.npy: write npm run benchmark -- cells FOLDER",
  );
}

/**
 * Benchmarks, cut to the selection.
 * @throws {ConfigError} for unknown names.
 */
export function select(
  name: string,
  folder: string | undefined,
  config: BenchmarkConfig,
): Benchmark[] {
  const all = benchmarksOf(name, folder);
  for (const key of ["methods", "cases"] as const) {
    const known = [...new Set(all.flatMap((one) => one[key].map(({ name: own }) => own)))];
    const odd = config[key]?.find((own) => !known.includes(own));
    if (odd !== undefined) throw new ConfigError(`${key}=${odd}: ${cure(odd, "some", known)}`);
  }
  return all
    .map((one) => cut(one, config))
    .filter((one) => one.cases.length * one.methods.length > 0);
}

/** The chosen part of a benchmark. */
function cut(one: Benchmark, { quick, methods, cases, seeds }: BenchmarkConfig): Benchmark {
  const chosenCases = cases ?? (quick ? one.quick.cases : null);
  const kept = <T extends { name: string }>(of: readonly T[], names: readonly string[] | null) =>
    names === null ? of : of.filter((item) => names.includes(item.name));
  return {
    ...one,
    cases: kept(one.cases, chosenCases),
    methods: kept(one.methods, methods).filter((way) => methods || !quick || !way.fullOnly),
    seeds: seeds?.map(Number) ?? (quick ? one.seeds.slice(0, 1) : one.seeds),
  };
}

/** A suggestion for an unknown name. */
function cure(name: string, some: string, known: readonly string[]): string {
  const near = nearestName(name, known);
  return near ? `did you mean "${near}"?` : `expected ${some} of ${known.join(", ")}`;
}

/** Minutes of all of a quick benchmark. */
const quickMinutes = 15;
/** Part of the time that trainings have: the rest is for measuring, and for slower machines. */
const trainingShare = 0.5;

/** Minutes of one training; null: as configured. */
export function minutesEach(
  chosen: readonly Benchmark[],
  { quick, max_minutes }: Pick<BenchmarkConfig, "quick" | "max_minutes">,
): number | null {
  const minutes = max_minutes ?? (quick ? quickMinutes : null);
  const count = chosen.reduce((sum, one) => sum + trainings(one), 0);
  return minutes === null ? null : (trainingShare * minutes) / Math.max(1, count);
}

// `npm run benchmark -- NAME [FOLDER] [--quick] key=value …`: compares methods in tables with
// published figures.
import { mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import {
  ConfigError,
  describeError,
  exitCodeOf,
  helpTable,
  isSetting,
  resolve,
} from "@dsbm/config";
import { shellWord, writeFileAtomic } from "@dsbm/files";
import { createInterrupt, createProgress, duration } from "@dsbm/runs";
import { type BenchmarkConfig, benchmark as experiment } from "./config.js";
import type { Outcome } from "./engine.js";
import { studies } from "./studies.js";

const help = [
  "usage: npm run benchmark -- gaussian|2d|eot [--quick] [key=value …] [--again]",
  "       npm run benchmark -- cells FOLDER [--quick] [key=value …] [--again]",
  "       npm run benchmark -- growth [FILE|FOLDER] [--quick] [key=value …] [--again]",
  "       npm run benchmark -- verdicts [--quick] [out=FILE]",
  "       npm run benchmark -- checks [--quick] [methods=NAME] [out=FILE]",
  "       npm run benchmark -- few-steps [--quick] [cases=NAME] [out=FILE]",
  "       npm run benchmark -- climate [--quick] [out=FILE]",
  "       npm run benchmark -- emoji [--quick] [cases=NAME] [seeds=N] [out=FILE]",
  "       npm run benchmark -- all [FOLDER] [--quick] [key=value …] [--again]",
  "",
  experiment.about,
  "",
  "gaussian   N(−0.1, I) to N(0.1, I) in 5, 20 and 50 dimensions: KL of marginals and of paths",
  "2d         points in the plane: exact W2, path energy",
  "eot        pairs with a known plan: conditional moments, path measures",
  "cells      FOLDER with day_N.npy, arrays [cells, components]: W1 to a day that was left out",
  "growth     two Gaussians whose masses change, FILE with the columns time, x1, x2 (gene.csv of DeepRUOT); time courses",
  "           with a time left out: Lotka-Volterra, a branch, and the days of FOLDER with day_N.npy",
  "verdicts   simulated problems with a known answer: how often a verdict is wrong; into docs/results/verdicts.md",
  "checks     every method between Gaussians with a known bridge: law, properties, entry points; into docs/results/checks.md",
  "few-steps  runs of dsbm distill in 1, 2 and 4 steps beside their teachers; into docs/results/few-steps.md",
  "climate    real rain from a coarse model, beside quantile mapping; into docs/results/climate.md",
  "emoji      images of two styles, unpaired, between latent maps and between pixels; into docs/results/emoji.md",
  "all        all benchmarks of methods; cells where FOLDER is given",
  "",
  helpTable(experiment.schema),
  "",
  "--quick   few cases, methods and samples, and short trainings, planned for 15 minutes in all",
  "--again   start over where runs are already; else runs that are finished are read, and others go on",
].join("\n");

interface Call {
  name: string;
  /** A folder or a file, if the benchmark takes one. */
  folder: string | undefined;
  config: BenchmarkConfig;
}

/** @throws {ConfigError} for missing or further arguments. */
function readCall(args: readonly string[]): Call {
  const switches = ["--quick", "--again"];
  const [name, folder, ...odd] = args.filter(
    (word) => !isSetting(word) && !switches.includes(word),
  );
  if (name === undefined || odd.length > 0 || [name, folder].some((word) => word?.startsWith("-")))
    throw new ConfigError(
      `npm run benchmark -- takes a name, for cells a folder and for growth a file, got ${args.map((word) => JSON.stringify(word)).join(" ")}: write npm run benchmark -- gaussian --quick, or see --help`,
    );
  const words = [...args.filter(isSetting), ...(args.includes("--quick") ? ["quick=true"] : [])];
  const { config } = resolve(experiment, words).members[0] as { config: BenchmarkConfig };
  return { name, folder, config };
}

/** The command as typed, without `--again`; `change` shortens arguments that name places of this machine. */
const commandText = (args: readonly string[], change = (word: string) => word): string =>
  `npm run benchmark -- ${args
    .filter((word) => word !== "--again")
    .map((word) => shellWord(change(word)))
    .join(" ")}`;

/**
 * Runs the command; returns the exit code: 1 if a run failed, 130 if it was stopped.
 * @throws {ConfigError}
 */
async function benchmarkCommand(args: string[]): Promise<number> {
  if (args.length === 0 || args.includes("--help") || args.includes("-h")) {
    console.log(help);
    return args.length === 0 ? 2 : 0;
  }
  const { name, folder, config } = readCall(args);
  const study = folder === undefined ? studies[name] : undefined;
  if (study) return study(config, { again: args.includes("--again"), resume: commandText(args) });
  const { minutesEach, select } = await import("./select.js");
  const { runBenchmark } = await import("./engine.js");
  const { setNumThreads } = await import("@dsbm/torch");
  const { threadsOf } = await import("@dsbm/problem");
  const { quick, threads, experiments_dir } = config;
  const chosen = select(name, folder, config);
  const minutes = minutesEach(chosen, config);
  const place = (of: string) => join(experiments_dir, "benchmark", quick ? `${of}-quick` : of);
  const out = config.out ?? join(place(name), "results.md");
  const again = args.includes("--again");
  const command = commandText(args);
  // A folder's place is of this machine.
  const shown = commandText(args, (word) => (word === folder ? basename(word) : word));
  setNumThreads(threadsOf({ threads }));
  const { provenance } = await import("./provenance.js");
  // Stamps the commit before tables, which are part of a clone, change it.
  provenance();
  const { KnownResults } = await import("./csv.js");
  const known = config.results === null ? undefined : new KnownResults(config.results, quick);
  const outcomes: Outcome[] = [];
  const began = performance.now();
  let isStopped = false;
  {
    const interrupt = createInterrupt();
    const { signal } = interrupt;
    const progress = createProgress();
    for (const one of chosen) {
      if (signal.aborted) break;
      const outcome = await runBenchmark(one, {
        ...{ quick, threads, progress, signal, minutes, again, known, resume: command },
        train: config.train,
        folder: place(one.name),
        done: (part) => write(out, [...outcomes, part], { command: shown, quick }),
      });
      outcomes.push(outcome);
    }
    progress.done();
    interrupt.dispose();
    isStopped = signal.aborted || outcomes.some(({ stopped }) => stopped);
  }
  const text = await write(out, outcomes, { command: shown, quick }, { figures: true });
  console.log(text);
  console.log(`tables: ${out}\ntook ${duration((performance.now() - began) / 1000)}`);
  const failed = outcomes.flatMap((outcome) => outcome.failed);
  for (const { run, why } of failed) console.error(`dsbm: ${run} failed\n${why}`);
  if (isStopped) {
    console.error(`dsbm: stopped; to resume: ${command}`);
    return 130;
  }
  return failed.length > 0 ? 1 : 0;
}

/** Writes the index, the numbers and a folder of pages, with figures if they are asked for. Returns the text of all pages. */
async function write(
  out: string,
  outcomes: readonly Outcome[],
  how: { command: string; quick: boolean },
  { figures = false } = {},
): Promise<string> {
  const { resultsDocument } = await import("./document.js");
  const { resultsCsv } = await import("./csv.js");
  const stem = out.replace(/\.md$/, "");
  const { index, pages } = resultsDocument(outcomes, { ...how, folder: basename(stem) });
  mkdirSync(stem, { recursive: true });
  writeFileAtomic(out, index);
  writeFileAtomic(`${stem}.csv`, resultsCsv(outcomes, how.quick));
  for (const [name, page] of pages) writeFileAtomic(join(stem, `${name}.md`), page);
  const text = [index, ...pages.values()].join("\n");
  if (!figures) return text;
  const { resultFigures } = await import("./figures.js");
  for (const [name, svg] of await resultFigures(outcomes)) writeFileAtomic(join(stem, name), svg);
  return text;
}

try {
  process.exitCode = await benchmarkCommand(process.argv.slice(2));
} catch (error) {
  console.error(describeError(error));
  process.exitCode = exitCodeOf(error);
}

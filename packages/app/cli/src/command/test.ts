// `dsbm test RUN key=value …`: evaluates a run again, named by its folder or by its training
// options.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, completeTrain, savedConfig, test, testOnlyKeys } from "@dsbm/config";
import type { CompleteTestConfig } from "@dsbm/experiment";
import { findRun, readRun } from "@dsbm/runs";
import { runExperiment } from "./experiment.js";

const isSetting = (word: string) => /^-|=/.test(word) && !existsSync(join(word, "run.json"));

/** Returns the exit code. Throws ConfigError. */
export async function testCommand(args: string[]): Promise<number> {
  const [run, ...odd] = args.filter((word) => !isSetting(word));
  if (odd.length > 0)
    throw new ConfigError(
      "usage",
      `got ${run} ${odd.join(" ")}; expected one run: dsbm test RUN [key=value …]`,
    );
  const folder = run === undefined ? null : findRun(run);
  return runExperiment<CompleteTestConfig>(
    {
      experiment: test,
      usage: "RUN | the options of the run ",
      notes:
        "RUN is the folder of a run, a folder above one, or latest; or the options of `dsbm train` name the run, and further options set the evaluation. It evaluates the run's own sampler and its probability flow, into RUN/test/.",
      ...(folder !== null && {
        typed: (words: readonly string[]) => [folder, ...words],
        configOf: ({ config, overrides }) =>
          configOf(folder, completeTrain(config) as CompleteTestConfig, Object.keys(overrides)),
      }),
      async load() {
        const { finishedTest, runTest, testFolder } = await import("@dsbm/experiment");
        return {
          place: (named, { config, words }) => testFolder(config, folder ?? named, words),
          finished: (place, { config }) => finishedTest(place, config),
          run: ({ config }, options) => runTest(config, options),
        };
      },
    },
    args.filter(isSetting),
  );
}

/** The configuration of a run with the given keys of its evaluation. Throws as readRun. */
function configOf(
  folder: string,
  given: CompleteTestConfig,
  overrides: readonly string[],
): CompleteTestConfig {
  const { config: saved, info } = readRun(folder);
  const run = savedConfig(folder, saved, info.dsbm);
  const keys = new Set([...testOnlyKeys, ...overrides.map((key) => key.split(".")[0] ?? "")]);
  const own = Object.entries(given).filter(([key]) => keys.has(key));
  return { ...run, ...Object.fromEntries(own) } as CompleteTestConfig;
}

// `dsbm test key=value … [-m]`: the words of a trained run, evaluated again.
import { test } from "@dsbm/config";
import { newestTable } from "../evaluation/metrics.js";
import type { CompleteTestConfig } from "../retest/find.js";
import { runExperiment } from "./experiment.js";

/** Runs the command; returns the exit code. Throws ConfigError for overrides that cannot be. */
export function testCommand(args: string[]): Promise<number> {
  return runExperiment<CompleteTestConfig>(
    {
      experiment: test,
      usage: "[the words of the run] ",
      notes:
        "The words of `dsbm train` name the run; what else they say is how it is evaluated. It is measured by its own sampler and along its probability flow, into RUN/test/.",
      table: newestTable,
      async load() {
        const { finishedTest, runTest, testFolder } = await import("../retest/run.js");
        return {
          place: (named, { config, words }) => testFolder(config, named, words),
          finished: finishedTest,
          run: runTest,
        };
      },
    },
    args,
  );
}

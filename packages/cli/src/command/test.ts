// `dsbm test key=value …`: a run of `dsbm train`, by the same words, evaluated again.
import { completeTrain, groupTable, helpTable, presetGroups, test } from "@dsbm/config";
import { formatTable, type Row } from "@dsbm/runs";
import { resultColumns } from "../evaluation/columns.js";
import type { TestResult } from "../retest/run.js";
import { launcherHelp } from "../sweep/help.js";
import { placesOf, runExperiment } from "./experiment.js";
import { presets } from "./gaussian.js";
import { withValues } from "./train.js";

function help(): string {
  return [
    "usage: dsbm test [the words of a run of dsbm train …] [split=…] [half_iteration=…] [ode_sampler=…] [-m [launcher=…]] [--again]",
    "",
    test.about,
    "",
    groupTable(presetGroups([presets], "train")),
    "",
    helpTable(test.schema),
    "",
    "-m, --multirun   a key with several values (test_num_steps=10,30,100) evaluates each combination",
    "--again          evaluate anew what was evaluated already",
    "",
    "Results go to a folder of their own below the run's, test/…; the run itself stays as it is.",
    "",
    launcherHelp(presets),
  ].join("\n");
}

/** All evaluations. */
function testTable(rows: readonly Row[]): string {
  const columns = ["half_iteration", "direction", "sampler", "n", "nfe", ...resultColumns];
  return formatTable(withValues(rows, columns));
}

/** Runs the command; returns the exit code. Throws ConfigError for overrides that cannot be. */
export function testCommand(args: string[]): Promise<number> {
  return runExperiment<typeof test.schema, TestResult>(
    {
      experiment: test,
      presets,
      help,
      name: ({ name }) => name,
      load: async () => {
        const { finishedTest, runTest, testFolder } = await import("../retest/run.js");
        return {
          place: (named, { config, words }) => testFolder(completeTrain(config), named, words),
          finished: (folder, config) => finishedTest(folder, completeTrain(config)),
          run: (config, options) => runTest(completeTrain(config), options),
          tell: (folder, { rows }) => {
            console.log(testTable(rows));
            console.log(placesOf(folder, "samples"));
          },
        };
      },
    },
    args,
  );
}

// `dsbm train key=value … [-m]`: a bridge between two sets of images, or a sweep of such runs.
import { completeTrain, groupTable, helpTable, presetGroups, train } from "@dsbm/config";
import { formatTable, type Row } from "@dsbm/runs";
import { resultColumns } from "../evaluation/columns.js";
import type { ImageRunResult } from "../run/run.js";
import { launcherHelp } from "../sweep/help.js";
import { placesOf, runExperiment } from "./experiment.js";
import { presets } from "./gaussian.js";

function help(): string {
  return [
    "usage: dsbm train [dataset=…] [method=…] [model=…] [key=value …] [-m [launcher=…]] [--again]",
    "",
    train.about,
    "",
    groupTable(presetGroups([presets], "train")),
    "",
    helpTable(train.schema),
    "",
    "-m, --multirun   a key with several values (seed=1,2,3) makes a run for each combination",
    "--again          start over where a run is already",
    "",
    "Where a run was stopped or killed, the same command goes on with it, from its newest whole checkpoint.",
    "",
    launcherHelp(presets),
  ].join("\n");
}

/** Rows with those of the columns that have a value in any of them. */
export function withValues(rows: readonly Row[], columns: readonly string[]): Row[] {
  const told = columns.filter((name) => rows.some((row) => (row[name] ?? "") !== ""));
  return rows.map((row) => Object.fromEntries(told.map((name) => [name, row[name] ?? null])));
}

/** The newest evaluation of each direction. */
export function resultTable(rows: readonly Row[]): string {
  const shown = (["b", "f"] as const)
    .map((d) => rows.findLast((row) => row.direction === d))
    .filter((row) => row !== undefined);
  return formatTable(withValues(shown, ["iteration", "direction", "step", "n", ...resultColumns]));
}

/** Runs the command; returns the exit code. Throws ConfigError for overrides that cannot be. */
export function trainCommand(args: string[]): Promise<number> {
  return runExperiment<typeof train.schema, Pick<ImageRunResult, "rows">>(
    {
      experiment: train,
      presets,
      help,
      name: ({ name }) => name,
      load: async () => {
        const { accompanyImages, finishedImages, runImages } = await import("../run/run.js");
        return {
          finished: (folder, config) => finishedImages(folder, completeTrain(config)),
          run: (config, options) => runImages(completeTrain(config), options),
          accompany: (config, options) => accompanyImages(completeTrain(config), options),
          tell: (folder, { rows }) => {
            console.log(resultTable(rows));
            console.log(placesOf(folder, "samples"));
          },
        };
      },
    },
    args,
  );
}

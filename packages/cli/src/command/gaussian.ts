// `dsbm gaussian key=value … [-m]`: one run here, or a sweep of runs side by side.
import { fileURLToPath } from "node:url";
import { gaussian, helpTable } from "@dsbm/config";
import { formatTable } from "@dsbm/runs";
import type { GaussianResult } from "../gaussian/run.js";
import { launcherHelp } from "../sweep/help.js";
import { placesOf, runExperiment } from "./experiment.js";

/** Where the presets are. */
export const presets: string = fileURLToPath(new URL("../../../../conf", import.meta.url));

function help(): string {
  return [
    "usage: dsbm gaussian [key=value …] [-m [launcher=…]] [--again]",
    "",
    gaussian.about,
    "",
    helpTable(gaussian.schema),
    "",
    "-m, --multirun   a key with several values (dim=5,20,50) makes a run for each combination",
    "--again          start over where a run is already",
    "",
    launcherHelp(presets),
  ].join("\n");
}

/** The last rows beside the exact values. */
export function resultTable({ rows, exact }: Pick<GaussianResult, "rows" | "exact">): string {
  const last = Math.max(...rows.map((row) => Number(row.half_iteration)));
  const shown = rows
    .filter((row) => row.half_iteration === last)
    .map(({ seconds: _, ...row }) => row);
  return formatTable([
    ...shown,
    {
      half_iteration: null,
      direction: "exact",
      steps: null,
      mean: exact.mean,
      var: exact.var,
      cov: exact.cov,
      kl_diag: 0,
      kl_full: 0,
      floor_diag: null,
      floor_full: null,
    },
  ]);
}

/** Runs the command; returns the exit code. Throws ConfigError for overrides that cannot be. */
export function gaussianCommand(args: string[]): Promise<number> {
  return runExperiment(
    {
      experiment: gaussian,
      presets,
      help,
      name: () => "gaussian",
      load: async () => {
        const { accompanyGaussian, finishedResult, runGaussian } = await import(
          "../gaussian/run.js"
        );
        const tell = (folder: string, result: GaussianResult) => {
          console.log(resultTable(result));
          console.log(placesOf(folder, "figures"));
        };
        const accompany = accompanyGaussian;
        return { finished: finishedResult, run: runGaussian, accompany, tell };
      },
    },
    args,
  );
}

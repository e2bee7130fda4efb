import { existsSync } from "node:fs";
import { type EvaluateConfig, evaluate } from "@dsbm/config";
import { findRun, runPaths, writeQuality } from "@dsbm/runs";
import { placedWords } from "./words.js";
import { runAlone } from "./work.js";

const notes = [
  "RUN     folder of a run of dsbm fit, train or gaussian, finished or not; a folder above one; or latest",
  "--json  as json=true",
];

/** Returns the exit code. Throws ConfigError. */
export async function evaluateCommand(args: string[]): Promise<number> {
  const request = placedWords(evaluate, args, {
    expected: "RUN",
    notes,
    options: { "--json": "json=true" },
  });
  if (!request) return 0;
  return evaluateRun(findRun(request.places[0] as string), request.config);
}

/** Prints the metrics of a run, and writes them. Returns the exit code. */
export const evaluateRun = (folder: string, config: EvaluateConfig): Promise<number> =>
  runAlone("evaluate", async ({ progress, signal }) => {
    const { qualityTable } = await import("@dsbm/evaluation");
    const { measureAndDraw, writeReport } = await import("@dsbm/experiment");
    const { json, out, ...keys } = config;
    const { direction, metrics } = keys;
    const quality = await measureAndDraw(folder, { ...keys, progress, signal });
    if (quality === null) return null;
    // Some metrics, or another sampler, do not replace the whole table.
    const isPart = metrics !== null || direction !== "both" || quality.sampler !== undefined;
    const path = runPaths(folder).quality_json;
    const place = out ?? (isPart && existsSync(path) ? null : path);
    if (place !== null) writeQuality(folder, quality, place);
    const report = place === path ? `\nreport: ${await writeReport(folder)}` : "";
    const where =
      place === null
        ? `not written, as ${path} has the whole table of the run's sampler: out=FILE keeps this part`
        : `written to ${place}${report}`;
    return json ? JSON.stringify(quality, null, 2) : `${qualityTable(quality)}\n${where}`;
  });

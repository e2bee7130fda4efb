import { existsSync } from "node:fs";
import { compare, type EvaluateConfig, evaluate } from "@dsbm/config";
import { findRun, readQuality, runPaths, writeQuality } from "@dsbm/runs";
import { placedWords, qualityTable, runAlone, runPlaced } from "../terminal/work.js";

const jsonOption = { "--json": "json=true" };

const notes = [
  "RUN     folder of a run of dsbm fit, train or gaussian, finished or not; a folder above one; or latest",
  "--json  as json=true",
];

/**
 * Returns the exit code.
 * @throws {ConfigError}
 */
export async function evaluateCommand(args: string[]): Promise<number> {
  const request = placedWords(evaluate, args, { expected: "RUN", notes, options: jsonOption });
  if (!request) return 0;
  return evaluateRun(findRun(request.places[0]), request.config);
}

function isCrossValidated(folder: string): boolean {
  try {
    return Number(readQuality(folder)?.folds) > 1;
  } catch {
    // A damaged table is replaced.
    return false;
  }
}

/** Prints the metrics of a run, and writes them. Returns the exit code. */
export const evaluateRun = (folder: string, config: EvaluateConfig): Promise<number> =>
  runAlone("evaluate", async ({ progress, signal }) => {
    const { measureAndDraw, writeReport } = await import("@dsbm/experiment");
    const { json, out, ...keys } = config;
    const { direction, metrics } = keys;
    const quality = await measureAndDraw(folder, { ...keys, progress, signal });
    if (quality === null) return null;
    // Some metrics, another sampler, and the held-out rows of one split do not replace the whole table.
    const isFolded = isCrossValidated(folder);
    const isPart =
      isFolded || metrics !== null || direction !== "both" || quality.sampler !== undefined;
    const path = runPaths(folder).quality_json;
    const place = out ?? (isPart && existsSync(path) ? null : path);
    if (place !== null) writeQuality(folder, quality, place);
    const report = place === path ? `\nreport: ${await writeReport(folder)}` : "";
    const where =
      place === null
        ? `not written: ${path} keeps the ${isFolded ? "cross-validation" : "full table"} of the run; out=FILE writes this one`
        : `written to ${place}${report}`;
    return json ? JSON.stringify(quality, null, 2) : `${qualityTable(quality)}\n${where}`;
  });

const compareNotes = [
  "TARGET     a table of held-out data, in any format of dsbm fit, or a folder of images",
  "GENERATED  generated samples: a table with the same columns in the same units, or a folder of images",
  "source     their source: gives ceilings, and a verdict",
  "--json     as json=true",
];

/**
 * Returns the exit code.
 * @throws {ConfigError}
 */
export const compareCommand = (args: string[]): Promise<number> =>
  runPlaced(
    compare,
    args,
    { expected: "TARGET GENERATED", notes: compareNotes, options: jsonOption },
    async (request, work) => {
      const [target, generated] = request.places as [string, string];
      const { json, ...keys } = request.config;
      const { progress, signal } = work;
      const { compareFiles } = await import("@dsbm/evaluation");
      const quality = await compareFiles({ ...keys, target, generated, progress, signal });
      return quality && (json ? JSON.stringify(quality, null, 2) : qualityTable(quality));
    },
  );

// The page of runs that were made together: the parts of `dsbm start`.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { CompleteTrainConfig } from "@dsbm/config";
import {
  isRunFault,
  meaningsOf,
  newestTable,
  type Parts,
  readLoggedOf,
  readRun,
  type ShownPart,
  writePartsPage,
} from "@dsbm/runs";
import { viewsOf } from "./report.js";

/** Writes report.html of `folder` from what its parts have by now, and returns its path. Throws RunError. */
export function writePartsReport(folder: string, parts: Parts): string {
  const shown = new Map(parts.parts.map(({ name }) => [name, shownPart(join(folder, name))]));
  const meanings = meaningsOf(readLoggedOf(parts.parts.map(({ name }) => join(folder, name))));
  return writePartsPage(folder, parts, { shown, meanings });
}

/** A part whose files are damaged is not in the way of those that are whole: its own run says what to do. */
function read(folder: string) {
  try {
    return readRun(folder);
  } catch (error) {
    if (isRunFault(error)) return null;
    throw error;
  }
}

function shownPart(folder: string): ShownPart {
  if (!existsSync(join(folder, "run.json"))) return { state: null, rows: [], pictures: [] };
  const run = read(folder);
  if (run === null) return { state: "damaged", rows: [], pictures: [] };
  const { info, results, config } = run;
  const views = viewsOf(folder, results, config as unknown as CompleteTrainConfig);
  const pictures = views.flatMap(({ direction, pictures: files }) => {
    const way = direction === "f" ? "forward" : "backward";
    return files
      .filter(({ path }) => /_(start|end)\.png$/.test(path))
      .map(({ path, caption }) => ({ path, caption: `${caption}, ${way}` }));
  });
  return { state: info.state, rows: newestTable(folder, results), pictures };
}

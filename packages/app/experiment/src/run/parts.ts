// The page of several runs together, for example the parts of `dsbm start`.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { CompleteTrainConfig } from "@dsbm/config";
import {
  isRunFault,
  type Parts,
  readQuality,
  readRun,
  type ShownPart,
  writePartsPage,
} from "@dsbm/runs";
import { namesOf, viewsOf } from "./report.js";

/**
 * Writes report.html of `folder` from its finished parts, and returns its path. Throws RunError.
 */
export function writePartsReport(folder: string, parts: Parts): string {
  const shown = new Map(parts.parts.map(({ name }) => [name, shownPart(join(folder, name))]));
  return writePartsPage(folder, parts, shown);
}

/** A damaged part must not hide the others; its own run reports the error. */
function read(folder: string) {
  try {
    return readRun(folder);
  } catch (error) {
    if (isRunFault(error)) return null;
    throw error;
  }
}

function shownPart(folder: string): ShownPart {
  const none = { quality: null, names: { source: "", target: "" }, pictures: [] };
  if (!existsSync(join(folder, "run.json"))) return { state: null, ...none };
  const run = read(folder);
  if (run === null) return { state: "damaged", ...none };
  const { info, results } = run;
  const config = run.config as unknown as CompleteTrainConfig;
  const views = viewsOf(folder, results, config);
  const pictures = views.flatMap(({ direction, pictures: files }) => {
    const way = direction === "f" ? "forward" : "backward";
    return files
      .filter(({ path }) => /_(start|end)\.png$/.test(path))
      .map(({ path, caption }) => ({ path, caption: `${caption}, ${way}` }));
  });
  return { state: info.state, quality: readQuality(folder), names: namesOf(config), pictures };
}

// A damaged file is a line of `problems`, and the rest is shown.

import {
  choice,
  dataFile,
  directionVerdicts,
  endNames,
  exportRefusal,
  extendRefusal,
  heldOutVerdicts,
  resumeRefusal,
  runInfo,
} from "@dsbm/runs";
import { z } from "zod";
import type { Folder } from "../files/inside.js";
import { pathBelow } from "../files/walk.js";
import type { RunDetail, RunPicture, RunRow } from "../shared/api.js";
import { configFacts, endsOf, isRecord, messageOf, readAs, readQuality } from "./files.js";
import { comparedMetrics, trainingMetrics } from "./metrics.js";
import { fieldsOf, readEvaluations, readOutputs } from "./outputs.js";
import { noResults, readResults } from "./results.js";

const mostPictures = 2000;
const logBytes = 64 << 10;

/** All facts of a run but its history and its request. What cannot be read is named in `problems`. */
export function readDetail(folder: Folder, row: RunRow): Omit<RunDetail, "history" | "fit"> {
  const problems: string[] = [];
  const part = <T>(name: string, none: T, read: (path: string) => T): T => {
    const path = pathBelow(row.id, name);
    if (!folder.stat(path)?.isFile()) return none;
    try {
      return read(path);
    } catch (error) {
      problems.push(messageOf(error));
      return none;
    }
  };
  const config = part("config.json", {}, (path) => readAs(folder, path, z.looseObject({})));
  const quality = part("quality.json", null, () => readQuality(folder, row.id));
  const choices = part("choices.json", [], (path) => readAs(folder, path, z.array(choice)));
  const info = part("run.json", null, (path) => readAs(folder, path, runInfo));
  const results = part("results.csv", noResults, (path) => readResults(folder, path));
  const facts = configFacts.parse(config);
  const data = part("data.json", null, (path) => readAs(folder, path, dataFile));
  const names = (data && endNames(data)) ?? endsOf(facts);
  const outputs = readOutputs(folder, row.id);
  const { evaluations, damaged } = readEvaluations(folder, row.id, outputs);
  return {
    row,
    command: info?.command ?? null,
    config: flattenValue(config),
    choices,
    results,
    metrics: quality ? comparedMetrics(quality.rows) : trainingMetrics(results),
    verdicts: quality
      ? [...heldOutVerdicts(quality.rows), ...directionVerdicts(quality, names)]
      : [],
    exportRefusal: exportRefusal(config),
    extendRefusal: extendRefusal(config),
    resumeRefusal: resumeRefusal(info?.request ?? null),
    outputs,
    evaluations,
    fields: data ? fieldsOf(data) : [],
    pictures: pictures(folder, row.id),
    hasReport: folder.stat(pathBelow(row.id, "report.html"))?.isFile() === true,
    log: part("log.txt", null, (path) => tailOf(folder, path)),
    // The row has read some of the files already.
    problems: [...new Set([...row.problems, ...problems, ...damaged])],
    hasCheckpoint: folder.list(pathBelow(row.id, "checkpoints")).length > 0,
    models: folder
      .list(pathBelow(row.id, "models"))
      .filter(({ name }) => /^\d+_[fb]\.safetensors$/.test(name)).length,
  };
}

function pictures(folder: Folder, id: string): RunPicture[] {
  const names = folder
    .list(pathBelow(id, "samples"))
    .filter((entry) => entry.isFile() && /^[^.].*\.(png|gif|svg)$/.test(entry.name))
    .map(({ name }) => name);
  // An image that exists as SVG and as PNG is shown once.
  const images = names.filter(
    (name) => !(name.endsWith(".svg") && names.includes(name.replace(/svg$/, "png"))),
  );
  return images.slice(-mostPictures).map((name) => {
    const [, iteration, direction = null, step, kind = name] =
      /^it(\d+)_([fb])_step(\d+)_(.+)\.\w+$/.exec(name) ?? [];
    const file = `samples/${name}`;
    return {
      file,
      direction,
      kind,
      at: direction && `iteration ${Number(iteration)}, step ${Number(step)}`,
      changed: folder.stat(pathBelow(id, file))?.mtimeMs ?? 0,
    };
  });
}

function tailOf(folder: Folder, path: string): string {
  const bytes = folder.bytes(path, { from: -logBytes, limit: logBytes });
  const tail = bytes.toString("utf8");
  return bytes.length < logBytes ? tail : tail.slice(tail.indexOf("\n") + 1);
}

const longestText = 2000;

/** Lines "model.name" and the value as JSON. */
function flattenValue(value: unknown, prefix = "", depth = 0): [string, string][] {
  if (isRecord(value) && Object.keys(value).length > 0 && depth <= 8)
    return Object.entries(value)
      .slice(0, 500)
      .flatMap(([key, inner]) => flattenValue(inner, (prefix && `${prefix}.`) + key, depth + 1));
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return [[prefix, text.length > longestText ? `${text.slice(0, longestText)}…` : text]];
}

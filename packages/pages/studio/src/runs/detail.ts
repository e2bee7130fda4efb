// A damaged file is a line of `problems`, and the rest is shown.

import { choice, qualityFile, runInfo, verdictTitle } from "@dsbm/runs";
import { z } from "zod";
import type { Folder } from "../files/inside.js";
import type { Picture, RunDetail, RunRow } from "../shared/api.js";
import { below, configFacts, endsOf, messageOf, readAs } from "./files.js";
import { noResults, readResults } from "./results.js";
import { flattened } from "./values.js";

const mostPictures = 2000;
const logBytes = 64 << 10;

/** The run `row.id`; `log` is the path of its log, if there is one. */
export function readDetail(
  folder: Folder,
  row: RunRow,
  log: string | undefined,
): Omit<RunDetail, "history"> {
  const problems: string[] = [];
  const part = <T>(name: string, none: T, read: (path: string) => T): T => {
    const path = below(row.id, name);
    if (!folder.stat(path)?.isFile()) return none;
    try {
      return read(path);
    } catch (error) {
      problems.push(`${name} cannot be read: ${messageOf(error)}`);
      return none;
    }
  };
  const info = part("run.json", null, (path) => readAs(folder, path, runInfo));
  const config = part("config.json", {}, (path) => readAs(folder, path, z.looseObject({})));
  const quality = part("quality.json", null, (path) => readAs(folder, path, qualityFile));
  const choices = part("choices.json", [], (path) => readAs(folder, path, z.array(choice)));
  const facts = configFacts.parse(config);
  return {
    row,
    command: info?.command ?? null,
    dsbm: info?.dsbm ?? "",
    resumed: info?.resumed ?? [],
    environment: flattened(info?.environment ?? {}),
    config: flattened(config),
    choices,
    results: part("results.csv", noResults, (path) => readResults(folder, path)),
    verdicts: (quality?.verdicts ?? []).map((verdict) => ({
      ...verdict,
      title: verdictTitle(verdict, endsOf(facts)),
    })),
    pictures: pictures(folder, row.id),
    hasReport: folder.stat(below(row.id, "report.html"))?.isFile() === true,
    log: log === undefined ? null : tailOf(folder, log),
    problems,
    models: folder
      .list(below(row.id, "models"))
      .filter(({ name }) => /^\d+_[fb]\.safetensors$/.test(name)).length,
  };
}

function pictures(folder: Folder, id: string): Picture[] {
  const names = folder
    .list(below(id, "samples"))
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
      changed: folder.stat(below(id, file))?.mtimeMs ?? 0,
    };
  });
}

function tailOf(folder: Folder, path: string): string | null {
  if (!folder.stat(path)?.isFile()) return null;
  const bytes = folder.bytes(path, { from: -logBytes, limit: logBytes });
  const tail = bytes.toString("utf8");
  return bytes.length < logBytes ? tail : tail.slice(tail.indexOf("\n") + 1);
}

// Everything about one run but its curves, read anew for each page that asks. A file that is damaged is a line of
// `problems`, and the rest is shown.

import { type MetricRow, metricRow } from "@dsbm/runs";
import type { Folder } from "../files/inside.js";
import type { Cell, Picture, Results, RunDetail, RunRow } from "../shared/api.js";
import type { Plan } from "../shared/plan.js";
import { readResults } from "./results.js";
import { below, messageOf } from "./summary.js";
import { flattened, list, number, record, text, textOrNull, time } from "./values.js";

const mostPictures = 2000;
const logBytes = 64 << 10;

/** The run `row.id`; `log` is the path of its log, where there is one. */
export function readDetail(folder: Folder, row: RunRow, log: string | undefined): RunDetail {
  const problems: string[] = [];
  const part = <T>(name: string, none: T, read: (path: string) => T): T => {
    const path = below(row.id, name);
    if (!folder.stat(path)?.isFile()) return none;
    try {
      return read(path);
    } catch (error) {
      problems.push(text(`${name} cannot be read: ${messageOf(error)}`, 400));
      return none;
    }
  };
  const json = (path: string) => JSON.parse(folder.text(path)) as unknown;
  const info = record(part("run.json", {}, json));
  const config = record(part("config.json", {}, json));
  const quality = record(part("quality.json", {}, json));
  const choices = list(part("choices.json", [], json)).map(record);
  const results = part<Results>("results.csv", { columns: [], rows: [], references: [] }, (path) =>
    readResults(folder, path),
  );
  const maxMinutes = number(choices.find(({ key }) => key === "max_minutes")?.value);
  return {
    row,
    command: textOrNull(info.command),
    dsbm: text(info.dsbm, 40),
    resumed: list(info.resumed).flatMap((at) => time(at) ?? []),
    environment: Object.fromEntries(flattened(record(info.environment))),
    config: Object.keys(config).length > 0 ? flattened(config) : [],
    choices: choices.map(({ key, value, reason, given }) => ({
      key: text(key, 200),
      value: text(value),
      reason: text(reason),
      given: given === true,
    })),
    maxMinutes,
    // With a limit of minutes the steps are planned as it goes.
    plan: maxMinutes === null ? planOf(config) : null,
    results: { ...results, rows: results.rows.map((cells) => cells.map(shown)) },
    quality: list(quality.rows, 5000).flatMap(qualityRow),
    leftOut: list(quality.left_out).map((line) => text(line)),
    pictures: pictures(folder, row.id),
    hasReport: folder.stat(below(row.id, "report.html"))?.isFile() === true,
    log: log === undefined ? null : tailOf(folder, log),
    problems,
    models: folder
      .list(below(row.id, "models"))
      .filter(({ name }) => /^\d+_[fb]\.safetensors$/.test(name)).length,
  };
}

/** The steps that a configuration plans; null where it does not say. */
function planOf(config: Record<string, unknown>): Plan | null {
  const later = number(config.num_iter);
  const first = number(config.first_num_iter) ?? later;
  const halves = number(config.half_iterations);
  if (later === null || first === null || halves === null) return null;
  return { first, later, halves, directions: list(config.fb_sequence).length || 2 };
}

/** What changes when anything of the detail but the row does, without reading a file. */
export function detailStamp(folder: Folder, { id, state, half }: RunRow, log?: string): string {
  const names = ["run.json", "config.json", "quality.json", "choices.json", "results.csv"];
  const places = [...names, "report.html", "samples", "models"].map((name) => below(id, name));
  const stamps = [...places, ...(log === undefined ? [] : [log])].map((path) => {
    const stat = folder.peek(path);
    return stat && `${stat.ino} ${stat.size} ${stat.mtimeMs}`;
  });
  return JSON.stringify([state, half, stamps]);
}

const shown = (cell: Cell): Cell =>
  typeof cell === "number" && !Number.isFinite(cell) ? String(cell) : cell;

function qualityRow(found: unknown): MetricRow[] {
  const { success, data } = metricRow.safeParse(found);
  if (!success || number(data.value) === null) return [];
  return [{ ...data, title: text(data.title, 300), meaning: text(data.meaning) }];
}

function pictures(folder: Folder, id: string): Picture[] {
  const found = folder
    .list(below(id, "samples"))
    .filter((entry) => entry.isFile() && /^[^.].*\.(png|gif|svg)$/.test(entry.name))
    .map(({ name }) => name);
  // What is drawn as SVG and as PNG is shown once.
  const drawn = found.filter(
    (name) => !(name.endsWith(".svg") && found.includes(name.replace(/svg$/, "png"))),
  );
  return drawn.slice(-mostPictures).map((name) => {
    const match = /^it(\d+)_([fb])_step(\d+)_(.+)\.\w+$/.exec(name);
    const file = `samples/${name}`;
    const changed = folder.stat(below(id, file))?.mtimeMs ?? 0;
    if (!match) return { file, direction: null, kind: name, at: "", changed };
    const [, iteration, direction = null, step, kind = name] = match;
    return {
      file,
      direction,
      kind,
      at: `iteration ${Number(iteration)}, step ${Number(step)}`,
      changed,
    };
  });
}

function tailOf(folder: Folder, path: string): string | null {
  if (!folder.stat(path)?.isFile()) return null;
  const bytes = folder.bytes(path, { from: -logBytes, limit: logBytes });
  const found = bytes.toString("utf8");
  return bytes.length < logBytes ? found : found.slice(found.indexOf("\n") + 1);
}

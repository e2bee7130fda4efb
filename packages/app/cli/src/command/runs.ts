import { existsSync } from "node:fs";
import { basename } from "node:path";
import { ConfigError, runs } from "@dsbm/config";
import {
  describeMetric,
  formatNumber,
  formatTable,
  isRunFault,
  listRuns,
  type Row,
  type RunEntry,
  readLogged,
  readQuality,
  readRun,
} from "@dsbm/runs";
import { placedWords } from "./words.js";

const most = 30;

/** Returns the exit code. Throws ConfigError and RunError. */
export async function runsCommand(args: string[]): Promise<number> {
  const request = placedWords(runs, args, {
    expected: "[DIR]",
    notes: [
      "DIR     folder of runs (default: experiments)",
      "--all   as all=true",
      "--json  as json=true",
    ],
    options: { "--all": "all=true", "--json": "json=true" },
  });
  if (!request) return 0;
  const { all, json } = request.config;
  const [root = "experiments"] = request.places;
  if (request.places.length > 0 && !existsSync(root))
    throw new ConfigError("usage", `there is no folder ${root}: give a folder with runs below it`);
  const entries = (existsSync(root) ? listRuns(root) : [])
    .map(describe)
    .sort((a, b) => b.changed.localeCompare(a.changed));
  const listing = all ? entries : entries.slice(0, most);
  if (json) {
    for (const one of listing) console.log(JSON.stringify(one));
    return 0;
  }
  if (entries.length === 0) {
    console.log(`no runs in ${root}`);
    return 0;
  }
  const now = Date.now();
  const age = ({ changed }: Listed) => ageOf(now - Date.parse(changed));
  const rows = listing.map((one) => ({ ...one, changed: age(one) }));
  console.log(formatTable(rows));
  if (listing.length < entries.length)
    console.log(`and ${entries.length - listing.length} more: --all`);
  return 0;
}

interface Listed {
  run: string;
  state: string;
  half: string;
  method: string;
  data: string;
  changed: string;
  metric: string;
}

function describe({ folder, info, problem }: RunEntry): Listed {
  const nothing = { half: "", method: "", data: "", changed: "", metric: "" };
  if (problem) return { run: folder, state: "unreadable", ...nothing };
  const changed = info.ended ?? info.resumed.at(-1) ?? info.started;
  const about = { run: folder, state: info.state, ...nothing, changed };
  try {
    const { config, results, models } = readRun(folder);
    const { method, Dataset, Dataset_transfer: target, transfer, half_iterations: halves } = config;
    // Evaluations may be missing, or older than the weights.
    const half = Math.max(
      Number(results.at(-1)?.half_iteration ?? 0),
      models.at(-1)?.half_iteration ?? 0,
    );
    const ends = [Dataset, transfer === false ? "noise" : target];
    return {
      ...about,
      half: `${half}/${halves ?? "?"}`,
      method: String(method ?? ""),
      // Files without their folder.
      data: ends.map((name) => basename(String(name ?? ""))).join(" → "),
      metric: metricOf(folder, results),
    };
  } catch (error) {
    if (!isRunFault(error)) throw error;
    return about;
  }
}

function metricOf(folder: string, rows: readonly Row[]): string {
  const quality = readQuality(folder)?.rows.find(({ name }) => name === "sliced_w2");
  if (quality) {
    const { title, value, floor } = quality;
    const bound = floor === null ? "" : ` (floor ${formatNumber(floor)})`;
    return `${title} ${formatNumber(value)}${bound}`;
  }
  const main = readLogged(folder).filter(({ isMain }) => isMain);
  const preferred = main.toSorted((a, b) => Number(isUsual(b)) - Number(isUsual(a)));
  return preferred.flatMap((metric) => describeMetric(metric, rows.at(-1) ?? {}) ?? [])[0] ?? "";
}

const isUsual = ({ name }: { name: string }) => name === "sliced_w2" || name === "kl_diag";

function ageOf(ms: number): string {
  if (!Number.isFinite(ms)) return "";
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m`;
  return s < 86_400 ? `${Math.floor(s / 3600)}h` : `${Math.floor(s / 86_400)}d`;
}

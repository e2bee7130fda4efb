import { existsSync } from "node:fs";
import { basename } from "node:path";
import { ConfigError, runs } from "@dsbm/config";
import {
  describeMetric,
  duration,
  endNames,
  formatTable,
  isRunFault,
  listRuns,
  readDataFile,
  readLogged,
  readQuality,
  readRun,
} from "@dsbm/runs";
import { placedWords } from "../terminal/work.js";

const inQuality = { value: "value", floor: "floor", ceiling: "ceiling" };

/**
 * Returns the exit code.
 * @throws {ConfigError | RunError}
 */
export async function runsCommand(args: string[]): Promise<number> {
  const request = placedWords(runs, args, {
    expected: "[DIR]",
    notes: ["DIR     folder of runs (default: experiments)", "--json  as json=true"],
    options: { "--json": "json=true" },
  });
  if (!request) return 0;
  const [root = "experiments"] = request.places;
  if (request.places.length > 0 && !existsSync(root))
    throw new ConfigError(`there is no folder ${root}: give a folder with runs below it`);
  const entries = listRuns(root)
    .map(describe)
    .sort((a, b) => b.changed.localeCompare(a.changed));
  if (request.config.json) {
    for (const one of entries) console.log(JSON.stringify(one));
    return 0;
  }
  if (entries.length === 0) {
    console.log(`no runs in ${root}`);
    return 0;
  }
  const since = (changed: string) => changed && duration((Date.now() - Date.parse(changed)) / 1000);
  console.log(formatTable(entries.map((one) => ({ ...one, changed: since(one.changed) }))));
  return 0;
}

function describe(run: string) {
  try {
    const { info, config, results, models } = readRun(run);
    const { method, Dataset, Dataset_transfer: target, transfer, half_iterations: halves } = config;
    const data = readDataFile(run);
    const names = data && endNames(data);
    const ends = [
      names?.source ?? Dataset,
      transfer === false ? "noise" : (names?.target ?? target),
    ];
    const main = readLogged(run).filter(({ isMain }) => isMain);
    const metric = main.find(({ isHeadline }) => isHeadline) ?? main[0];
    const atEnd = readQuality(run)?.rows.findLast(({ name }) => name === metric?.name);
    return {
      run,
      state: info.state,
      half: `${models.at(-1)?.half_iteration ?? 0}/${halves ?? "?"}`,
      method: String(method ?? ""),
      // Files without their folder.
      data: ends.map((name) => basename(String(name ?? ""))).join(" → "),
      changed: info.ended ?? info.resumed.at(-1) ?? info.started,
      metric:
        (metric &&
          (describeMetric(metric, results.at(-1) ?? {}) ??
            (atEnd && describeMetric({ ...metric, columns: inQuality }, atEnd)))) ??
        "",
    };
  } catch (error) {
    if (!isRunFault(error)) throw error;
    return { run, state: "unreadable", half: "", method: "", data: "", changed: "", metric: "" };
  }
}

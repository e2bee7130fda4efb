// `dsbm evaluate RUN key=value …`: how good the bridge of a run is, as a table and as quality.json.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, evaluate, helpTable, resolve } from "@dsbm/config";
import { findRun, runPaths, writeQuality } from "@dsbm/runs";
import { printHelp, terminalWidth } from "../terminal/columns.js";
import { UsageError } from "../terminal/errors.js";
import { createProgress } from "../terminal/progress.js";
import { asLists } from "./words.js";

const usage = "dsbm evaluate RUN [key=value …] [--json]";

const help = [
  `usage: ${usage}`,
  "",
  evaluate.about,
  "",
  "RUN     folder of a run of dsbm fit, train or gaussian, finished or not; a folder above one; or latest",
  "--json  as json=true",
  "",
  helpTable(evaluate.schema, { width: terminalWidth() }),
].join("\n");

/** Runs the command; returns the exit code. Throws ConfigError and UsageError for invalid words. */
export async function evaluateCommand(args: string[]): Promise<number> {
  const words = args.map((word) => (word === "--json" ? "json=true" : word));
  const places = words.filter((word) => !isSetting(word));
  const asList = asLists("metrics", "holdout", "at");
  const { help: isHelp, members } = resolve(evaluate, words.filter(isSetting).map(asList));
  if (isHelp) {
    printHelp(help);
    return 0;
  }
  const [member, ...more] = members;
  if (!member || more.length > 0)
    throw new ConfigError("sweep", "dsbm evaluate does one thing at a time: leave -m out");
  const [run, ...odd] = places;
  if (run === undefined || odd.length > 0)
    throw new UsageError(
      `got ${places.length === 0 ? "no words" : places.map((word) => JSON.stringify(word)).join(" ")}; expected RUN: ${usage}`,
    );
  const { config } = member;
  const { createWorkInterrupt } = await import("../terminal/work-interrupt.js");
  const interrupt = createWorkInterrupt({ late: "stopped within a step; nothing was written" });
  const progress = createProgress();
  try {
    const { measureQuality } = await import("../quality/measure.js");
    const { holdoutsOf } = await import("../quality/holdout/rows.js");
    const { qualityTable } = await import("../quality/table.js");
    const { aloneOnly } = await import("../machine/ranks.js");
    const { writeReport } = await import("../run/report.js");
    aloneOnly("evaluate");
    const { holdout, at, direction, metrics, json, out, ...options } = config;
    const folder = findRun(run);
    const quality = await measureQuality(folder, {
      ...options,
      ...{ progress, signal: interrupt.signal },
      directions: direction === "both" ? null : [direction],
      metrics: metrics === null ? null : [metrics].flat(),
      holdouts: holdoutsOf({ holdout, at }),
    });
    progress.done();
    if (quality === null) {
      progress.line("stopped; nothing was written");
      return 130;
    }
    // A part of the metrics does not take the place of the whole table.
    const isPart = metrics !== null || direction !== "both";
    const own = runPaths(folder).quality_json;
    const place = out ?? (isPart && existsSync(own) ? null : own);
    if (place !== null) writeQuality(folder, quality, place);
    const report = place === own ? `\nreport: ${await writeReport({ folder })}` : "";
    const where =
      place === null
        ? `not written, as ${own} has the whole table: out=FILE keeps this part`
        : `written to ${place}${report}`;
    console.log(json ? JSON.stringify(quality, null, 2) : `${qualityTable(quality)}\n${where}`);
    return 0;
  } finally {
    progress.done();
    interrupt.dispose();
  }
}

/** Whether a word is a setting or a switch; the folder of a run is RUN, whatever its name. */
const isSetting = (word: string) =>
  /^-|^[~+]{0,2}[A-Za-z_][\w.]*=/.test(word) && !existsSync(join(word, "run.json"));

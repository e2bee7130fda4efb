// `dsbm export RUN OUT key=value …`: a trained bridge for programs without dsbm.
import { existsSync } from "node:fs";
import { ConfigError, exported, helpTable, resolve } from "@dsbm/config";
import { printHelp, terminalWidth } from "../terminal/columns.js";
import { UsageError } from "../terminal/errors.js";
import { createProgress } from "../terminal/progress.js";

const usage = "dsbm export RUN OUT [key=value …]";

const help = [
  `usage: ${usage}`,
  "",
  exported.about,
  "",
  "RUN  the folder of a run, finished or not, a folder above the only one, or latest",
  "OUT  a folder: the models, bridge.json, README.md (a model card), sample.py (with onnxruntime and numpy)",
  "     NAME.onnx: one model; its metadata hold bridge.json",
  "     NAME.html: a page that plays the bridge offline, models and some held-out samples inside",
  "",
  "examples",
  "  dsbm export RUN bridge/                      everything that sampling needs",
  "  dsbm export RUN drift.onnx direction=f       the drift from source to target alone",
  "  dsbm export RUN page.html                    one file to send to a colleague",
  "",
  "docs/export.md has the formats.",
  "",
  helpTable(exported.schema, { width: terminalWidth() }),
].join("\n");

/** Runs the command; returns the exit code. Throws ConfigError and UsageError for invalid words. */
export async function exportCommand(args: string[]): Promise<number> {
  const places = args.filter((word) => !isSetting(word));
  const { help: isHelp, members } = resolve(exported, args.filter(isSetting));
  if (isHelp) {
    printHelp(help);
    return 0;
  }
  const [member, ...more] = members;
  if (!member || more.length > 0)
    throw new ConfigError("sweep", "dsbm export does one thing at a time: leave -m out");
  const [run, out, ...odd] = places;
  if (run === undefined || out === undefined || odd.length > 0)
    throw new UsageError(
      `got ${places.length === 0 ? "no words" : places.map((word) => JSON.stringify(word)).join(" ")}; expected RUN OUT: ${usage}`,
    );
  const { exportRun } = await import("../export/files.js");
  const { createWorkInterrupt } = await import("../terminal/work-interrupt.js");
  const interrupt = createWorkInterrupt({ late: `stopped; nothing was written to ${out}` });
  const progress = createProgress();
  const { signal } = interrupt;
  const { files } = await exportRun(run, out, { ...member.config, progress, signal }).finally(
    () => {
      progress.done();
      interrupt.dispose();
    },
  );
  const width = Math.max(...files.map(({ path }) => path.length));
  for (const { path, bytes } of files) console.log(`${path.padEnd(width)}  ${size(bytes)}`);
  return 0;
}

/** Whether a word is a setting or a switch; what is on disk is RUN or OUT, whatever its name. */
const isSetting = (word: string) => /^-|^[~+]{0,2}[A-Za-z_][\w.]*=/.test(word) && !existsSync(word);

const size = (bytes: number): string =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

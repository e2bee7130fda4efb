// Trains the runs of the checks and samples them by every entry point.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type CompleteTrainConfig,
  ConfigError,
  completeTrain,
  configure,
  train,
} from "@dsbm/config";
import { finishedRun, runTraining } from "@dsbm/experiment";
import { methodNames } from "@dsbm/fit";
import { silentProgress } from "@dsbm/runs";
import { io, tidy } from "@dsbm/torch";
import { loadBridge, WebBridgeError } from "@dsbm/web";
import { plainRuntime } from "@dsbm/web/plain";
import { openBridge } from "../../../../packages/command/cli/dist/index.js";
import type { Options } from "../benchmark.js";

/** Rows of a table. */
export type Table = readonly (readonly number[])[];

/** States of the same rows at the start, in the middle and at the end. */
export interface States {
  start: Table;
  middle: Table;
  end: Table;
}

/** Runs the command line; returns its exit code and its standard error. */
export type CommandLine = (
  ...words: string[]
) => Promise<{ code: number | null | undefined; stderr: string }>;

/** Writes a table with the columns a, b, …; a further column has its own name. */
export function writeTable(path: string, rows: Table, names = "abcdefgh".split("")): string {
  const width = rows[0]?.length ?? 0;
  const lines = [names.slice(0, width), ...rows].map((cells) => cells.join(","));
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

/**
 * Trains, or finds the finished run. Returns its folder.
 * @throws the errors of runs.
 */
export async function trainRun(
  folder: string,
  tables: { source: Table; target: Table },
  options: Options,
  names?: string[],
): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const [source, target] = (["source", "target"] as const).map((side) =>
    writeTable(join(folder, `${side}.csv`), tables[side], names),
  );
  const config: CompleteTrainConfig = completeTrain(
    configure(
      train,
      {
        ...options,
        Dataset: `table:${source}`,
        Dataset_transfer: `table:${target}`,
        "paths.experiments_dir_name": folder,
        "paths.data_dir_name": join(folder, "data"),
      },
      { names: methodNames() },
    ).config,
  );
  const run = join(folder, "run");
  if (isTrained(run, config)) return run;
  await runTraining(config, { folder: run, progress: silentProgress, resume: "", again: true });
  return run;
}

/** Whether a folder holds the finished run. A run of other options is trained again. */
function isTrained(run: string, config: CompleteTrainConfig): boolean {
  try {
    return existsSync(join(run, "run.json")) && finishedRun(run, config) !== null;
  } catch (error) {
    if (error instanceof ConfigError) return false;
    throw error;
  }
}

/** How samples are made. */
export interface SampleRequest {
  direction: "f" | "b";
  seed: number;
}

/** Samples by the library. */
export async function sampleByLibrary(
  run: string,
  rows: Table,
  request: SampleRequest,
): Promise<States> {
  using bridge = openBridge(run, { threads: 1 });
  const { states } = await bridge.paths(rows, request);
  return {
    start: rows,
    middle: states[states.length >> 1] as Table,
    end: states.at(-1) as Table,
  };
}

/** Samples by `dsbm sample`, with the columns of NEW in the order of `names`. */
export async function sampleByCommand(
  run: string,
  rows: Table,
  { direction, seed, line, names }: SampleRequest & { line: CommandLine; names?: string[] },
): Promise<Table> {
  const input = writeTable(join(run, "..", "new.csv"), rows, names);
  const output = join(run, "..", "out.npy");
  const words = [`direction=${direction}`, `seed=${seed}`, "threads=1", "overwrite=true"];
  const { code, stderr } = await line("sample", run, input, output, ...words);
  if (code) throw new Error(stderr);
  return tidy(() => {
    const x = io.fromRaw(io.npy.decode(readFileSync(output)));
    const numbers = x.toNumbers();
    const stride = x.size(1);
    const width = rows[0]?.length ?? 0;
    // A method with growth adds a column of masses.
    return Array.from({ length: x.size(0) }, (_, i) =>
      numbers.slice(i * stride, i * stride + width),
    );
  });
}

/** An export with the small runtime for MLPs, or with ONNX Runtime for other models. */
async function loadExport(out: string) {
  try {
    return await loadBridge(out, { runtime: plainRuntime });
  } catch (error) {
    if (!(error instanceof WebBridgeError)) throw error;
    return await loadBridge(out);
  }
}

/** Samples by the sampler of an export, without libtorch. */
export async function sampleByExport(
  run: string,
  rows: Table,
  { direction, seed }: SampleRequest,
): Promise<States> {
  const out = join(run, "..", "export");
  {
    using bridge = openBridge(run, { threads: 1 });
    await bridge.export(`${out}/`, { overwrite: true });
  }
  const bridge = await loadExport(out);
  try {
    const { path } = await bridge.sample(rows as number[][], { direction, seed });
    return {
      start: rows,
      middle: path[path.length >> 1] as Table,
      end: path.at(-1) as Table,
    };
  } finally {
    bridge.dispose();
  }
}

// The work of one worker: one run, planned, trained, opened, sampled.
import { printCommand } from "@dsbm/config";
import { lookAtTable } from "@dsbm/data";
import {
  endNames as endsOf,
  exportRefusal,
  type Quality,
  readDataFile,
  readQuality,
  readRun,
  verdictTitle,
} from "@dsbm/runs";
import type {
  BridgePlan,
  FitCalls,
  FitEvent,
  FitKeys,
  FitMotion,
  FitQuality,
  FitRows,
  FitSource,
  FitTable,
  FitTask,
} from "@dsbm/web/fit";
import { type Bridge, type FitOptions, fit, openBridge, plan, type Rows } from "dsbm";
import {
  placeSource,
  readFolder,
  removePath,
  restoreFiles,
  withUserNames,
  zipFolder,
} from "./folder.js";
import { writeAll } from "./write.js";

/** The signal and the progress of a call. */
export interface CallContext {
  signal: AbortSignal;
  say(progress: FitEvent): void;
}

/** The names of datasets in messages and files. */
const endNames = (count: number): string[] =>
  Array.from({ length: count }, (_, i) =>
    i === 0 ? "source" : i === count - 1 ? "target" : `marginal_${i}`,
  );

const isFile = (source: FitSource): source is File => source instanceof File;

async function libraryOptions(
  { name, marginals, keys }: FitTask,
  signal: AbortSignal,
): Promise<FitOptions> {
  const ends = endNames(marginals.length);
  const placed = [];
  for (const [i, source] of marginals.entries())
    placed.push((await placeSource(name, source, ends[i])) as string | Rows);
  const data = placed.length > 2 ? { marginals: placed } : { source: placed[0], target: placed[1] };
  return { threads: 1, ...keys, ...data, folder: name, signal } as FitOptions;
}

/** The command that does the same with files of these names. */
function commandOf({ marginals, keys }: FitTask): string {
  const ends = endNames(marginals.length);
  const places = marginals.map((source, i) =>
    isFile(source) ? source.name : `${ends[i]}.${typeof source === "string" ? "csv" : "npy"}`,
  );
  return printCommand({ command: "fit", arguments: places, overrides: { ...keys } as never });
}

/** An evaluation whose verdicts have the titles of the report. */
function withTitles(folder: string, { verdicts, ...quality }: Quality): FitQuality {
  const data = readDataFile(folder);
  const names = (data && endsOf(data)) ?? { source: "source", target: "target" };
  const titled = verdicts.map((one) => ({ ...one, title: verdictTitle(one, names) }));
  return { ...quality, verdicts: titled };
}

const qualityOf = (folder: string): FitQuality | null => {
  const quality = readQuality(folder);
  return quality && withTitles(folder, quality);
};

const emptyQuality = { verdicts: [], rows: [], left_out: [] };

/** The functions of a worker; each gets a context behind its arguments. */
export class FitSession {
  #bridge: Bridge | null = null;

  get #open(): Bridge {
    if (this.#bridge) return this.#bridge;
    throw new Error("there is no bridge yet: call fit or open first");
  }

  /** Puts the files of an earlier page in place. */
  async restore(name: string, files: Parameters<FitCalls["restore"]>[1]): Promise<void> {
    restoreFiles(name, files);
  }

  /** Reads tables once. */
  async look(files: readonly (string | File)[], context: CallContext): Promise<FitTable[]> {
    const tables: FitTable[] = [];
    for (const [i, file] of files.entries())
      tables.push(
        await lookAtTable((await placeSource("look", file, `${i}`)) as string, {
          signal: context.signal,
        }),
      );
    removePath("look");
    return tables;
  }

  /** What a fit would choose. Leaves no files. */
  async plan(request: FitTask, context: CallContext): Promise<BridgePlan> {
    try {
      const { choices, forecast, data } = await plan(await libraryOptions(request, context.signal));
      const warnings = (data?.warnings ?? []).map(withUserNames);
      return { choices, forecast, warnings, command: commandOf(request) };
    } finally {
      removePath(request.name);
    }
  }

  /** Trains, evaluates and opens the bridge. */
  async fit(request: FitTask, context: CallContext): Promise<FitQuality> {
    this.#bridge?.dispose();
    this.#bridge = null;
    const options = await libraryOptions(request, context.signal);
    const onPaths = (motion: FitMotion) => context.say({ motion });
    this.#bridge = await fit({ ...options, onProgress: context.say, onPaths });
    return qualityOf(request.name) ?? emptyQuality;
  }

  /** Opens a run that was restored. */
  async open(name: string): Promise<FitQuality | null> {
    this.#bridge?.dispose();
    this.#bridge = openBridge(name);
    return qualityOf(name);
  }

  /** Transports rows [n, d]. */
  async sample(rows: FitRows, options: FitKeys) {
    const { x, weights } = await this.#open.sample(rows as Rows, options);
    return { x: x as FitRows, weights };
  }

  /** States [n, d] of rows at all times. */
  async paths(rows: FitRows, options: FitKeys) {
    const { states, times, weights } = await this.#open.paths(rows as Rows, options);
    return { states: states as FitRows[], times, weights };
  }

  /** Samples of the rows of an end, as CSV. */
  async samples(direction: "f" | "b"): Promise<string> {
    const { samplesOf } = await import("./samples.js");
    return samplesOf(this.#open.folder, direction);
  }

  /** Measures held-out rows. */
  async evaluate(options: FitKeys): Promise<FitQuality> {
    return withTitles(this.#open.folder, await this.#open.evaluate(options));
  }

  /** Why the run has no export. */
  async exportRefusal(): Promise<string | null> {
    return exportRefusal(readRun(this.#open.folder).config);
  }

  /** Writes a page or ONNX models. */
  async export(kind: "html" | "onnx", options: FitKeys) {
    writeAll((await import("./export-assets.js")).exportAssets);
    const place = kind === "html" ? "export/bridge.html" : "export";
    await this.#open.export(place, { ...options, overwrite: true });
    const files = readFolder("export");
    removePath("export");
    return files;
  }

  /** The run as a zip. */
  async zip(): Promise<Uint8Array> {
    return zipFolder(this.#open.folder);
  }
}

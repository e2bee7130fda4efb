// The function `fit` of the package `dsbm` in a worker of a page.
import { WebBridgeError } from "../bridge/bridge.js";
import { FitWorker, type FitWorkerOptions } from "./fit-worker.js";
import type {
  BridgePlan,
  FitEvent,
  FitFile,
  FitKeys,
  FitPaths,
  FitQuality,
  FitRows,
  FitSampleOptions,
  FitSamples,
  FitSource,
  FitTable,
  FitTask,
} from "./messages.js";
import { storedFiles } from "./store.js";

export type { FitWorkerOptions } from "./fit-worker.js";
export type * from "./messages.js";
export { removeStoredRun, type StoredRun, storedRuns } from "./store.js";

/**
 * Data of both ends, or of several times in their order, and the options of the function `fit` of the package `dsbm`
 * (docs/keys.md), such as `seed`, `max_minutes` and `method`.
 */
export interface FitBridgeOptions extends FitWorkerOptions {
  /** Data at time 0, or one table of several times (`time`) or groups (`"data.split_by"`). */
  source?: FitSource;
  /** Data at time 1. */
  target?: FitSource;
  /** Two or more datasets in the order of their times. */
  marginals?: readonly FitSource[];
  /** The run's name (default: "bridge"). A kept run of this name resumes. */
  name?: string;
  onProgress?: ((progress: FitEvent) => void) | undefined;
  /** Stops the run at its next step; its state is kept. */
  signal?: AbortSignal | undefined;
  [key: string]: unknown;
}

/** A bridge in a worker of its own. */
export interface FittedBridge {
  /** The name of its run. */
  readonly name: string;
  /** Its evaluation: verdicts, and metrics with floors and intervals. */
  readonly quality: FitQuality;
  /** The page of its run, as HTML. */
  readonly report: string;
  /** Why `export` refuses this bridge, such as one of a closed form; null if it has an export. */
  readonly exportRefusal: string | null;
  /**
   * Transports samples as `sample` of the library.
   * @throws {WebBridgeError} for wrong rows and options.
   */
  sample<R extends FitRows>(x: R, options?: FitSampleOptions): Promise<FitSamples<R>>;
  /** As `sample`, with all states. */
  paths<R extends FitRows>(x: R, options?: FitSampleOptions): Promise<FitPaths<R>>;
  /** Generated samples of the rows of the source ("f") or of the target ("b"), as CSV. */
  samples(direction: "f" | "b"): Promise<string>;
  /** Measures held-out rows again, with options of `dsbm evaluate`. */
  evaluate(options?: FitKeys): Promise<FitQuality>;
  /** A page with a player, or ONNX models and bridge.json. */
  export(kind: "html" | "onnx", options?: FitKeys): Promise<FitFile[]>;
  /** The run folder as a zip, which `dsbm sample`, `dsbm evaluate` and `openBridge` read once it is unpacked. */
  zip(): Promise<Uint8Array>;
  /** Ends the worker. */
  dispose(): void;
}

function requestOf(options: FitBridgeOptions): FitTask {
  const { source, target, marginals, name = "bridge", onProgress, signal, ...others } = options;
  const { worker: _, keep: __, ...keys } = others;
  if (!/^[\p{L}\p{N}_][\p{L}\p{N}_.-]{0,79}$/u.test(name))
    throw new WebBridgeError(
      `name is ${JSON.stringify(name)}; expected letters, digits and _ . -, at most 80`,
    );
  const all = marginals ?? [source, target].filter((one) => one !== undefined);
  return { name, marginals: all as FitSource[], keys };
}

/**
 * What `fitBridge` would choose for these data, with reasons; trains nothing.
 * @throws as `fitBridge`.
 */
export async function planBridge(options: FitBridgeOptions): Promise<BridgePlan> {
  const request = requestOf(options);
  const worker = new FitWorker(request.name, { ...options, keep: false });
  try {
    return await worker.ask("plan", [request], options);
  } finally {
    worker.end();
  }
}

/**
 * Reads tables once: types of columns, missing values, histograms.
 * @throws {WebBridgeError} for damaged files.
 */
export async function lookAtTables(
  files: readonly (string | File)[],
  options: FitWorkerOptions & { signal?: AbortSignal } = {},
): Promise<FitTable[]> {
  const worker = new FitWorker("look", { ...options, keep: false });
  try {
    return await worker.ask("look", [files], options);
  } finally {
    worker.end();
  }
}

/**
 * Fits a bridge between the data in a worker: `fit` of the package `dsbm`. Missing options are chosen from the data.
 * @example const bridge = await fitBridge({ source: "a,b\n1,2\n…", target: rows, max_minutes: 1 }); const { x } = await
 * bridge.sample(rows, { direction: "b", seed: 1 });
 * @throws {WebBridgeError} of one line for wrong data and options, and the reason of `signal`.
 */
export async function fitBridge(options: FitBridgeOptions): Promise<FittedBridge> {
  const request = requestOf(options);
  const { name } = request;
  const worker = new FitWorker(name, options);
  try {
    // A page without IndexedDB has no earlier runs.
    if (options.keep !== false) await worker.restore(await storedFiles(name).catch(() => []));
    return await fittedBridge(worker, await worker.ask("fit", [request], options));
  } catch (error) {
    await worker.saved();
    worker.end();
    throw error;
  }
}

/**
 * Opens a run that the browser keeps.
 * @throws {WebBridgeError} for an unknown name and for a run without networks.
 */
export async function openStoredBridge(
  name: string,
  options: FitWorkerOptions = {},
): Promise<FittedBridge> {
  const files = await storedFiles(name);
  if (files.length === 0) throw new WebBridgeError(`this browser keeps no run ${name}`);
  const worker = new FitWorker(name, options);
  try {
    await worker.restore(files);
    const quality = await worker.ask("open", [name]);
    return await fittedBridge(worker, quality ?? { verdicts: [], rows: [], left_out: [] });
  } catch (error) {
    worker.end();
    throw error;
  }
}

async function fittedBridge(worker: FitWorker, quality: FitQuality): Promise<FittedBridge> {
  return {
    name: worker.name,
    quality,
    exportRefusal: await worker.ask("exportRefusal", []),
    get report() {
      return worker.textOf("report.html") ?? "";
    },
    sample: <R extends FitRows>(x: R, options: FitSampleOptions = {}) =>
      worker.ask("sample", [x, options]) as Promise<FitSamples<R>>,
    paths: <R extends FitRows>(x: R, options: FitSampleOptions = {}) =>
      worker.ask("paths", [x, options]) as Promise<FitPaths<R>>,
    samples: (direction) => worker.ask("samples", [direction]),
    evaluate: (options = {}) => worker.ask("evaluate", [options]),
    export: (kind, options = {}) => worker.ask("export", [kind, options]),
    zip: () => worker.ask("zip", []),
    dispose: () => worker.end(),
  };
}

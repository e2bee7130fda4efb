import { cpSync, existsSync, readdirSync } from "node:fs";
import { basename, resolve } from "node:path";
import type { Conditions } from "@dsbm/bridge";
import { ConfigError, sample as sampleCommand, validate } from "@dsbm/config";
import { type Metric, measureQuality, type QualityOptions } from "@dsbm/evaluation";
import { stageFolder, withObjectOptions } from "@dsbm/files";
import {
  type BridgeLikelihoodOptions,
  type GeneratedSamples,
  type OpenOptions,
  type Paths,
  Bridge as RunBridge,
  type RunSampleOptions,
} from "@dsbm/inference";
import { type Quality, readRun, runPaths } from "@dsbm/runs";
import { type DType, type Tensor, tidy } from "@dsbm/torch";
import { areCells, fromCells, toCells } from "./cells.js";
import type { EvaluateKeys, ExportKeys, SampleKeys } from "./keys.generated.js";
import { type OwnUnits, ownUnits } from "./own-units.js";
import { type Rows, type SameKind, sameKind, toTensor } from "./row-kinds.js";

/** Generated samples, of the same type as the input. */
export interface BridgeSamples<R extends Rows> extends Pick<GeneratedSamples, "nfe"> {
  /** Samples [n, …] in the data's own units. */
  x: SameKind<R>;
  /** The final mass of each sample, for a method with growth; null: all 1. */
  weights: number[] | null;
}

/** States of the paths, of the same type as the input. */
export interface BridgePaths<R extends Rows> extends Omit<Paths, "states" | "weights"> {
  /** Samples [n, …] at each of `times`, in the data's own units. */
  states: SameKind<R>[];
  /** Masses of the samples (see `BridgeSamples`) at each time. */
  weights: number[][] | null;
}

/** Sampling options: the keys of `dsbm sample`, with the samples' conditions. */
export interface BridgeSampleOptions
  extends Omit<RunSampleOptions, keyof SampleKeys>,
    Pick<SampleKeys, keyof SampleKeys & keyof RunSampleOptions> {
  /**
   * For a run with `data.condition`: the value of this column for each sample, a class or a number.
   */
  condition?: readonly (string | number)[] | undefined;
}

/** A trained bridge; open it with `openBridge`. */
class Bridge implements Disposable {
  /** The run folder. */
  readonly folder: string;
  /** The shape of a sample: columns [d], or images [C, H, W]. */
  readonly shape: readonly number[];
  /** The path of report.html. */
  readonly report: string;
  /**
   * Converts between samples in the data's own units and tensors in the network's units. Both
   * return new tensors.
   */
  readonly units: { enter(x: Rows): Tensor; leave(x: Tensor): Tensor };
  readonly #units: OwnUnits;
  readonly #bridge: RunBridge;
  #isOpen = true;

  constructor(run: RunBridge) {
    this.#bridge = run;
    this.#units = ownUnits(run);
    this.folder = run.trained.folder;
    this.shape = this.#units.shape;
    this.report = runPaths(this.folder).report_html;
    this.units = {
      enter: (x) => this.#open && this.#units.enter(this.#rowsOf(x)),
      leave: (x) => this.#open && this.#units.leave(x.clone(), x.dtype),
    };
  }

  get #open(): RunBridge {
    if (this.#isOpen) return this.#bridge;
    throw new ConfigError(`the bridge of ${this.folder} is disposed: open it again`, "disposed");
  }

  /**
   * Moves samples to the other endpoint (`direction: "f"` from source to target, the default; `"b"` back), in the
   * data's own units: columns as in the files, images as bytes or as numbers from −1 to 1. If a row of an array has
   * texts, categories are texts, in and out; else each level is a number. The noise of row i depends only on the seed
   * and i.
   * @example const { x } = await bridge.sample([[3.4, 11.7]], { direction: "b", seed: 1 });
   * @throws {ConfigError} for wrong options, for samples and conditions of another shape, and for an untrained
   * direction.
   */
  sample<R extends Rows>(x: R, options: BridgeSampleOptions = {}): Promise<BridgeSamples<R>> {
    return this.#within(x, options, async (start, keys, dtype) => {
      const { x: end, weights, nfe } = await this.#bridge.sample(start, keys);
      return { x: this.#like(x, this.#units.leave(end, dtype)), weights: numbersOf(weights), nfe };
    });
  }

  /**
   * As `sample`, with all states from start to endpoint.
   * @example
   * const { times, states } = await bridge.paths([[3.4, 11.7]], { steps: 10 });
   * console.log(times[5], states[5]); // the row in the middle
   */
  paths<R extends Rows>(x: R, options: BridgeSampleOptions = {}): Promise<BridgePaths<R>> {
    return this.#within(x, options, async (start, keys, dtype) => {
      const { states: all, weights, times, nfe } = await this.#bridge.paths(start, keys);
      const state = (k: number) => tidy(() => all.select(0, k).clone().keep());
      const states = times.map((_, k) => this.#like(x, this.#units.leave(state(k), dtype)));
      const masses = times.map((_, k) => numbersOf(weights?.select(0, k).keep() ?? null));
      for (const t of [all, weights]) t?.dispose();
      return { states, weights: weights && (masses as number[][]), times, nfe };
    });
  }

  #rowsOf(x: Rows): Tensor {
    return toTensor(areCells(x) ? fromCells(x, this.#bridge.units) : x, "x");
  }

  /** Rows [n, …] of the type of `x`; disposes them, unless it is a tensor. */
  #like<R extends Rows>(x: R, rows: Tensor): SameKind<R> {
    if (!areCells(x)) return sameKind(rows, x);
    const numbers = sameKind(rows, [] as number[][]);
    return toCells(numbers, this.#bridge.units.categories) as SameKind<R>;
  }

  #within<T>(
    x: Rows,
    keys: BridgeSampleOptions,
    work: (start: Tensor, options: RunSampleOptions, dtype: DType) => Promise<T>,
  ): Promise<T> {
    return withObjectOptions(() => this.#inOwnUnits(x, keys, work));
  }

  async #inOwnUnits<T>(
    x: Rows,
    { condition, ...keys }: BridgeSampleOptions,
    work: (start: Tensor, options: RunSampleOptions, dtype: DType) => Promise<T>,
  ): Promise<T> {
    const run = this.#open;
    const rows = this.#rowsOf(x);
    const { dtype } = rows;
    const conditions = condition && run.conditions(condition);
    const start = this.#units.enter(rows);
    try {
      const all = { direction: "f", ...keys, ...(conditions && { conditions }) };
      return await work(start, all as RunSampleOptions, dtype);
    } finally {
      start.dispose();
      conditions?.cond?.dispose();
    }
  }

  /** Measures held-out samples: `evaluate` on this run. */
  async evaluate(options: EvaluateOptions = {}): Promise<Quality> {
    const { device } = this.#open.trained.config;
    return evaluate(this.folder, { device, ...options });
  }

  /**
   * Log-density [n] of samples at the end of a direction, along the probability flow from `logDensity` at its start;
   * both take samples in the network's units (`units.enter`).
   * @throws {ConfigError} for a method without a flow.
   */
  likelihood(x: Tensor, options: BridgeLikelihoodOptions): Tensor {
    return this.#open.likelihood(x, options);
  }

  /**
   * Conditions from values of the column `data.condition`, one for each sample; the caller owns
   * them.
   */
  conditions(values: readonly (string | number)[]): Conditions {
    return this.#open.conditions(values);
  }

  /**
   * Copies the run without its data; `openBridge` and `dsbm sample` open the copy. Returns the
   * folder.
   */
  save(folder: string): string {
    return saveRun(this.#open.trained.folder, folder);
  }

  /**
   * Writes models for other programs (a page if `out` ends in .html) as `dsbm export`; returns the
   * paths.
   * @example
   * await bridge.export("rivers.html", { overwrite: true });
   */
  async export(out: string, options: ExportKeys = {}): Promise<string[]> {
    const { folder } = this.#open.trained;
    const { exportRun } = await import("@dsbm/export");
    const files = await exportRun(folder, out, { overwrite: false, ...options });
    return files.map(({ path }) => path);
  }

  /** Frees the networks. Later calls throw a ConfigError. */
  dispose(): void {
    if (this.#isOpen) this.#bridge.dispose();
    this.#isOpen = false;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

export type { Bridge };

/** Evaluation options: the keys of `dsbm evaluate`. */
export interface EvaluateOptions extends Omit<EvaluateKeys, "json" | "out"> {
  /** Your own metrics. */
  extraMetrics?: readonly Metric[] | undefined;
  /** Stops the evaluation, which then throws the signal's reason. */
  signal?: AbortSignal | undefined;
}

/**
 * Evaluates the bridge of a run: each metric with its floor, ceiling and interval. Writes nothing.
 * @example const { rows } = await evaluate("experiments/latest", { metrics: ["sliced_w2"] }); for (const { title,
 * value, floor } of rows) console.log(title, value, floor);
 * @throws {ConfigError} for a run without weights and for options that do not fit, and the reason of `signal`.
 */
export async function evaluate(folder: string, options: EvaluateOptions = {}): Promise<Quality> {
  const quality = await withObjectOptions(() => measureQuality(folder, options as QualityOptions));
  if (quality === null) throw options.signal?.reason;
  return quality;
}

const openKeys = sampleCommand.schema.pick({
  half_iteration: true,
  device: true,
  threads: true,
  diffusion: true,
  step_variance: true,
  guidance: true,
});

/**
 * Opens a run of `dsbm fit`, `train` or `gaussian`.
 * @example using bridge = openBridge("experiments/latest");
 * @throws {RunError} if the folder holds no run, and a ConfigError for wrong options, and without weights of
 * `half_iteration`.
 */
export const openBridge = (path: string, options: OpenOptions = {}): Bridge =>
  withObjectOptions(() => new Bridge(RunBridge.open(path, validate(openKeys, { ...options }))));

function numbersOf(t: Tensor | null): number[] | null {
  if (!t) return null;
  const numbers = t.toNumbers();
  t.dispose();
  return numbers;
}

const passing = /^(\.lock|cache|previous|\.tmp-.*)$/;

/** Copies a run to a folder that must be new or empty; returns its path. */
function saveRun(folder: string, to: string): string {
  readRun(folder);
  if (existsSync(to) && readdirSync(to).length > 0)
    throw new ConfigError(`${to} exists and is not empty: give a new folder`);
  const filter = (path: string) =>
    resolve(path) === resolve(folder) || !passing.test(basename(path));
  const staged = stageFolder(to);
  try {
    cpSync(folder, staged.temporary, { recursive: true, filter, preserveTimestamps: true });
    staged.commit();
  } finally {
    staged.discard();
  }
  return to;
}

import type { Conditions } from "@dsbm/bridge";
import { ConfigError, sample as sampleCommand, validate } from "@dsbm/config";
import { type Metric, measureQuality, type QualityOptions } from "@dsbm/evaluation";
import {
  type LikelihoodOptions,
  type OpenOptions,
  type Paths,
  Bridge as RunBridge,
  type SampleOptions,
  type Samples,
} from "@dsbm/inference";
import { type Quality, runPaths } from "@dsbm/runs";
import { type DType, type Tensor, tidy } from "@dsbm/torch";
import type { EvaluateKeys, ExportKeys } from "./keys.generated.js";
import { ownUnits } from "./own-units.js";
import { type Rows, type SameKind, sameKind, toTensor } from "./rows.js";
import { saveRun } from "./save.js";

/** Generated samples, of the same type as the input. */
export interface BridgeSamples<R extends Rows> extends Pick<Samples, "nfe"> {
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
export interface BridgeSampleOptions extends SampleOptions {
  /**
   * For a run with `data.condition`: the value of this column for each sample, a class or a number.
   */
  condition?: readonly (string | number)[] | undefined;
}

/** A trained bridge. */
export interface Bridge extends Disposable {
  /** The run folder. */
  readonly folder: string;
  /** The shape of a sample: columns [d], or images [C, H, W]. */
  readonly shape: readonly number[];
  /** The path of report.html. */
  readonly report: string;
  /**
   * Transports samples to the other endpoint (`direction: "f"` from source to target, the default;
   * `"b"` back), in the data's own units: columns as in the files, images as bytes or as numbers
   * from −1 to 1. The noise of row i depends only on the seed and i. Throws a ConfigError for wrong
   * options, for samples and conditions of another shape, and for an untrained direction.
   * @example
   * const { x } = await bridge.sample([[3.4, 11.7]], { direction: "b", seed: 1 });
   */
  sample<R extends Rows>(x: R, options?: BridgeSampleOptions): Promise<BridgeSamples<R>>;
  /**
   * As `sample`, with all states from start to endpoint.
   * @example
   * const { times, states } = await bridge.paths([[3.4, 11.7]], { steps: 10 });
   * console.log(times[5], states[5]); // the row in the middle
   */
  paths<R extends Rows>(x: R, options?: BridgeSampleOptions): Promise<BridgePaths<R>>;
  /** Measures held-out samples: `evaluate` on this run. */
  evaluate(options?: EvaluateOptions): Promise<Quality>;
  /**
   * Log-density [n] of samples at the end of a direction, along the probability flow from
   * `logDensity` at its start; both take samples in the network's units (`units.enter`). Throws a
   * ConfigError for a method without a flow.
   */
  likelihood(x: Tensor, options: LikelihoodOptions): Tensor;
  /**
   * Converts between samples in the data's own units and tensors in the network's units. Both
   * return new tensors.
   */
  readonly units: { enter(x: Rows): Tensor; leave(x: Tensor): Tensor };
  /**
   * Conditions from values of the column `data.condition`, one for each sample; the caller owns
   * them.
   */
  conditions(values: readonly (string | number)[]): Conditions;
  /**
   * Copies the run without its data; `openBridge` and `dsbm sample` open the copy. Returns the
   * folder.
   */
  save(folder: string): string;
  /**
   * Writes models for other programs (a page if `out` ends in .html) as `dsbm export`; returns the
   * paths.
   * @example
   * await bridge.export("rivers.html", { overwrite: true });
   */
  export(out: string, options?: ExportKeys): Promise<string[]>;
  /** Frees the networks. Later calls throw a ConfigError. */
  dispose(): void;
}

/** Evaluation options: the keys of `dsbm evaluate`. */
export interface EvaluateOptions extends Omit<EvaluateKeys, "json" | "out"> {
  /** Your own metrics. */
  own?: readonly Metric[] | undefined;
  /** Stops the evaluation, which then throws the signal's reason. */
  signal?: AbortSignal | undefined;
}

/**
 * Evaluates the bridge of a run: each metric with its floor, ceiling and interval. Writes nothing.
 * Throws a ConfigError for a run without weights and for options that do not fit, and the reason of
 * `signal`.
 * @example
 * const { rows } = await evaluate("experiments/latest", { metrics: ["sliced_w2"] });
 * for (const { title, value, floor } of rows) console.log(title, value, floor);
 */
export async function evaluate(folder: string, options: EvaluateOptions = {}): Promise<Quality> {
  const quality = await measureQuality(folder, options as QualityOptions);
  if (quality === null) throw options.signal?.reason;
  return quality;
}

const openKeys = sampleCommand.schema.pick({
  half_iteration: true,
  device: true,
  threads: true,
  diffusion: true,
  guidance: true,
});

/**
 * Opens a run of `dsbm fit`, `train` or `gaussian`. Throws a RunError if the folder holds no run,
 * and a ConfigError for wrong options, and without weights of `half_iteration`.
 * @example
 * using bridge = openBridge("experiments/latest");
 */
export function openBridge(path: string, options: OpenOptions = {}): Bridge {
  const run = RunBridge.open(path, validate(openKeys, { ...options }));
  const { folder } = run.trained;
  const units = ownUnits(run);
  let isOpen = true;
  const dispose = () => {
    if (isOpen) run.dispose();
    isOpen = false;
  };
  const checkOpen = () => {
    if (!isOpen) throw new ConfigError(`the bridge of ${folder} is disposed: open it again`);
  };
  const within = async <T>(
    x: Rows,
    { condition, ...keys }: BridgeSampleOptions,
    work: (start: Tensor, options: SampleOptions, dtype: DType) => Promise<T>,
  ): Promise<T> => {
    checkOpen();
    const rows = toTensor(x, "x");
    const { dtype } = rows;
    const start = units.enter(rows);
    const given = condition && run.conditions(condition);
    try {
      return await work(start, { direction: "f", ...keys, ...(given && { given }) }, dtype);
    } finally {
      start.dispose();
      given?.cond?.dispose();
    }
  };
  return {
    folder,
    shape: units.shape,
    report: runPaths(folder).report_html,
    sample: (x, keys = {}) =>
      within(x, keys, async (start, options, dtype) => {
        const { x: end, weights, nfe } = await run.sample(start, options);
        return { x: sameKind(units.leave(end, dtype), x), weights: numbersOf(weights), nfe };
      }),
    paths: (x, keys = {}) =>
      within(x, keys, async (start, options, dtype) => {
        const { states: all, weights, times, nfe } = await run.paths(start, options);
        const state = (k: number) => tidy(() => all.select(0, k).clone().keep());
        const states = times.map((_, k) => sameKind(units.leave(state(k), dtype), x));
        const masses = times.map((_, k) => numbersOf(weights?.select(0, k).keep() ?? null));
        for (const t of [all, weights]) t?.dispose();
        return { states, weights: weights && (masses as number[][]), times, nfe };
      }),
    likelihood(x, options) {
      checkOpen();
      return run.likelihood(x, options);
    },
    units: {
      enter(x) {
        checkOpen();
        return units.enter(toTensor(x, "x"));
      },
      leave(x) {
        checkOpen();
        return units.leave(x.clone(), x.dtype);
      },
    },
    conditions(values) {
      checkOpen();
      return run.conditions(values);
    },
    async evaluate(changes) {
      checkOpen();
      return evaluate(folder, { device: options.device ?? "cpu", ...changes });
    },
    async export(out, changes = {}) {
      checkOpen();
      const { exportRun } = await import("@dsbm/export");
      const { files } = await exportRun(folder, out, { overwrite: false, ...changes });
      return files.map(({ path }) => path);
    },
    save(to) {
      checkOpen();
      return saveRun(folder, to);
    },
    dispose,
    [Symbol.dispose]: dispose,
  };
}

function numbersOf(t: Tensor | null): number[] | null {
  if (!t) return null;
  const numbers = t.toNumbers();
  t.dispose();
  return numbers;
}

// Options and results of a bridge.
import type { Conditions, TimeGrid } from "@dsbm/bridge";
import type { SampleConfig } from "@dsbm/config";
import type { Generator, Tensor } from "@dsbm/torch";
import type { PlanConfig } from "./plan.js";

/** Options of `Bridge.open`: the keys of `dsbm sample`. */
export interface OpenOptions
  extends Partial<Pick<SampleConfig, "half_iteration" | "device" | "threads">> {
  /** Changed noise, and the weight of conditions, everywhere (default: as trained). */
  diffusion?: number | null;
  /** Another noise of steps everywhere; null: as trained. */
  step_variance?: SampleConfig["step_variance"];
  /** Weight of the conditions. */
  guidance?: number;
}

/** Sampling options: the keys of `dsbm sample`, with its defaults. */
export interface RunSampleOptions extends Partial<Omit<PlanConfig, "path" | "batch_size">> {
  /** The times of the states, instead of `steps`. */
  grid?: TimeGrid;
  /** Conditions, a row for each sample: `cond` [n, C′, …] float32, `y` [n] int64. */
  conditions?: Conditions | undefined;
  /** Other purposes give other noise for the same seed (default: the direction). */
  purpose?: string;
  /** Index of the first sample in a larger set, for its noise (default: 0). */
  first?: number;
  /** Whether `onState` gets energies; only for a method with a drift, with its own noise. */
  energies?: boolean;
  /** Whether these are all samples: even chunks use all threads. Results then agree to rounding with samples in parts. */
  evenChunks?: boolean;
  /**
   * Awaited for each state of the path, the start first, with its weights (see `Samples`) and the energies |drift|²dt [n]
   * of the step before it. All are freed afterwards.
   */
  onState?: (
    state: Tensor,
    at: { k: number; time: number; weights: Tensor | null; energies: Tensor | null },
  ) => void | Promise<void>;
  /** Stops the work between two steps; the promise is rejected with its reason. */
  signal?: AbortSignal | undefined;
}

/** Generated samples. */
export interface GeneratedSamples {
  /** [n, …], on the device of the bridge. */
  x: Tensor;
  /** The final mass [n] of each start, for a method with growth; null: all 1. */
  weights: Tensor | null;
  /** Mean number of network (or flow) evaluations per sample. */
  nfe: number;
}

/** Paths of samples. */
export interface Paths extends Pick<GeneratedSamples, "nfe"> {
  /** [T, n, …], the start first. */
  states: Tensor;
  /** Masses [T, n] (see `Samples`). */
  weights: Tensor | null;
  /** Process times of the states. */
  times: readonly number[];
}

/** Options of `Bridge.likelihood`. */
export interface BridgeLikelihoodOptions
  extends Pick<RunSampleOptions, "conditions" | "direction"> {
  /** log density [n] at the start of the direction. */
  logDensity: (x: Tensor) => Tensor;
  /** Runge–Kutta steps of an interval between two datasets (default 25). */
  steps?: number;
  /** The stream of Hutchinson's probes. */
  generator?: Generator;
}

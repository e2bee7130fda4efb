// Options of samples and of the probability flow.
import type { Conditions, FlowOptions, flowSolvers, TimeGrid } from "@dsbm/bridge";
import type { Tensor } from "@dsbm/torch";

/** Options of `Sampler.sample`. */
export interface SamplingOptions extends FlowOptions {
  /** The method's own sampler, or a solver of its probability flow (default sde). */
  solver?: "sde" | keyof typeof flowSolvers;
  /** Default: the grid of training. */
  grid?: TimeGrid;
  /** Noise is a function of the seed and a row's index. */
  seed: number;
  /** The purpose of the noise, for its seed (default: the direction). */
  purpose?: string;
  /** The index of the first row in the whole input (default 0), a multiple of `Sampler.rowMultiple`. */
  first?: number;
  /** Whether the last step has its noise (default: yes). */
  lastNoise?: boolean;
  /** Another noise of `sde` with the same marginals, from the drifts of both directions. */
  diffusion?: number | undefined;
  /** Conditions of the rows. */
  conditions?: Conditions | undefined;
  /** Weight of the condition (default: the sampler's). */
  guidance?: number | undefined;
  /** Every state, or only the endpoint (index 0; default). */
  path?: boolean;
  /**
   * Whether `onState` gets the energies of the steps of `sde`. Not for a method with a sampler of its own, which has no
   * drift, nor with another `diffusion`.
   */
  energies?: boolean | undefined;
  /**
   * The rows are all rows: chunks of one length use all threads. Without it, results do not depend on how the input is
   * cut; with it they agree to rounding.
   */
  evenChunks?: boolean | undefined;
  /** Ends the work between two steps. */
  signal?: AbortSignal | undefined;
  /**
   * Gets each state [n, …], and the energies |drift|²dt [n] of the step before it (null: the start, or without
   * `energies`). Both are freed afterwards.
   */
  onState: (k: number, state: Tensor, energies: Tensor | null) => void | Promise<void>;
}

/** Options of `Sampler.flow`. */
export interface FlowStateOptions extends FlowOptions {
  /** Default dopri5. */
  solver?: keyof typeof flowSolvers;
  /** Process times of the states (default: both endpoints). */
  times?: readonly number[];
  /** Conditions of the rows. */
  conditions?: Conditions | undefined;
  /** Weight of the condition (default: the sampler's). */
  guidance?: number | undefined;
  /** As in `SamplingOptions`. */
  evenChunks?: boolean;
}

/** A part of the probability flow. */
export interface FlowStates {
  /** [T, n, …], the start first. */
  states: Tensor;
  /** Evaluations of the velocity. */
  nfe: number;
}

/** Lets signals and timers have their turn. Returns whether `signal` was aborted. */
export async function isInterrupted(signal: AbortSignal | undefined): Promise<boolean> {
  await new Promise(setImmediate);
  return signal?.aborted ?? false;
}

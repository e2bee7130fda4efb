// What a bridge is to a page: samples in, samples out. Everything that shows bridges (the player, the studio) and everything
// that is one (a model in this thread, one in a worker, a function in a test) shares this interface.
export type { StepVariance } from "../solver/euler-maruyama.js";

import type { StepVariance } from "../solver/euler-maruyama.js";
import type { Direction } from "../solver/grid.js";

/** Samples as one array, row after row: [n, …shape]. */
export interface Samples {
  data: Float32Array | Float64Array;
  shape: readonly number[];
}

/** Rows of numbers, or one array with its shape; what comes out is of the kind that went in. */
export type Rows = readonly (readonly number[])[] | Samples;

/** What the networks are conditioned on: a name and a value for all samples, or one for each. */
export type Conditions = Record<string, Condition | readonly Condition[] | Samples>;
type Condition = number | string;

export interface SampleOptions {
  /** Default: that of `dsbm sample`. */
  direction?: Direction;
  /** Default: those of training; 100 of a flow. */
  steps?: number;
  /** The noise of row i is a function of the seed, the direction and i alone (default 42, as `dsbm sample`). */
  seed?: number;
  /** `sde`: the method's own sampler; `heun` and `euler`: its probability flow, or its field (default sde). */
  solver?: "sde" | "heun" | "euler";
  /** Noise of a step of `sde` (default: as the run was trained to). */
  stepVariance?: StepVariance;
  conditions?: Conditions;
  /** The place of the first row in a longer input that is given in parts (default 0). */
  first?: number;
  /** Whether `path` has every state, or none (default true). */
  path?: boolean;
  /** Called, and waited for, with each state, the start included: k = 0 … steps. */
  onStep?: (state: { k: number; time: number; x: Rows }) => unknown;
  /** Ends the work between two steps; the promise is then rejected with its reason. */
  signal?: AbortSignal;
}

export interface Sampled<R extends Rows = Rows> {
  /** The other ends, in the data's own units. */
  x: R;
  /** All states, the start first; empty with `path: false`. */
  path: R[];
  /** Process times of the states. */
  times: number[];
}

/** A condition as a page asks for it. */
export interface ConditionInfo {
  name: string;
  /** The values that it may have; null: a number. */
  classes: readonly string[] | null;
  /** Shape of an array for each sample, such as [C′, H, W]; null: one value. */
  shape: readonly number[] | null;
}

/** What a bridge says about itself. */
export interface BridgeInfo {
  method: string;
  /** Shape of a sample in the data's own units: [columns] or [C, H, W]. */
  shape: readonly number[];
  type: "vectors" | "pictures" | "fields";
  /** Names of the columns; null where they have none. */
  columns: readonly string[] | null;
  /** The direction that `sample` takes by default. */
  direction: Direction;
  /** Directions of `sde`. */
  directions: readonly Direction[];
  /** Whether `sde` has noise. */
  random: boolean;
  /** Whether `heun` and `euler` may be asked for: there is a flow. */
  flow: boolean;
  /** Steps of training. */
  steps: number;
  /** Whether `sde` takes no other number of steps. */
  fixedSteps: boolean;
  stepVariance: StepVariance;
  /** Names of both ends, source and target. */
  ends: readonly [string, string];
  conditions: readonly ConditionInfo[];
}

export interface Bridge {
  readonly info: BridgeInfo;
  /** Carries samples to the other end. Throws a BridgeError that says what was given, what was expected, what to do. */
  sample<R extends Rows>(x0: R, options?: SampleOptions): Promise<Sampled<R>>;
  dispose(): void;
}

/** An error that the caller can mend. */
export class BridgeError extends Error {
  override name = "BridgeError";
}

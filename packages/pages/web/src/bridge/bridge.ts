// The player and the studio show any object with this interface.
import type { Direction } from "../solver/grid.js";

/** Samples as one array, row after row: [n, …shape]. */
export interface Samples {
  /** n times the product of a sample's shape. */
  data: Float32Array | Float64Array;
  /** [n, …]. */
  shape: readonly number[];
}

/** Rows of numbers, or one array with its shape; results are of the same kind. */
export type Rows = readonly (readonly number[])[] | Samples;

/** A name and a value for all samples, or one value for each. */
export type Conditions = Record<string, Condition | readonly Condition[] | Samples>;
type Condition = number | string;

/** The times of the datasets of a time course. */
export interface CourseTimes {
  /** In process time, 0 … 1. */
  process: readonly number[];
  /** As the user wrote them. */
  labels: readonly string[];
  /** The name of the times, such as "day" (default: none). */
  name?: string | null;
  /** A user's time is from + length · process time; null: the times are no numbers. */
  scale?: { from: number; length: number } | null;
}

/** Options of `bridge.sample`. */
export interface SampleOptions {
  /** Default: the direction of `dsbm sample`. */
  direction?: Direction;
  /** In each interval between two datasets. Default: the steps of training; 100 of a flow. */
  steps?: number;
  /** The noise of row i depends on the seed, the direction and i alone (default 42, as `dsbm sample`). */
  seed?: number;
  /** `sde`: the method's own sampler; `heun` and `euler`: its probability flow, or its field (default sde). */
  solver?: "sde" | "heun" | "euler";
  /** Values by the names in `info.conditions`. */
  conditions?: Conditions;
  /** The place of the first row in a longer input (default 0). */
  first?: number;
  /** Whether `path` has every state, or none (default true). */
  path?: boolean;
  /** Awaited for each state, the start first: k = 0 … steps. */
  onStep?: (state: State) => unknown;
  /** Ends the work between two steps; the promise is then rejected with its reason. */
  signal?: AbortSignal;
}

/** The state of all samples after step k. */
export interface State<R extends Rows = Rows> {
  /** The number of finished steps. */
  k: number;
  /** In the user's units if these are numbers. */
  time: number;
  /** In the data's own units. */
  x: R;
  /** The mass that each start has become; null: it stays 1. */
  weights: Float32Array | null;
}

/** Generated samples and their path. */
export interface Sampled<R extends Rows = Rows> {
  /** In the data's own units. */
  x: R;
  /** The mass that each start has become; null: it stays 1. */
  weights: Float32Array | null;
  /** All states, the start first; empty with `path: false`. */
  path: R[];
  /** The masses of the states; empty without `path`, or without growth. */
  pathWeights: Float32Array[];
  /** Times of the states, in the user's units if these are numbers. */
  times: number[];
}

/** A condition that the bridge takes. */
export interface ConditionInfo {
  /** The key in `SampleOptions.conditions`. */
  name: string;
  /** null: a number. */
  classes: readonly string[] | null;
  /** Shape of an array for each sample, such as [C′, H, W]; null: one value. */
  shape: readonly number[] | null;
}

/** Facts about a bridge: shape, columns, directions, conditions. */
export interface BridgeInfo {
  /** Name of the training method. */
  method: string;
  /** [columns] or [C, H, W], in the data's own units. */
  shape: readonly number[];
  /** The kind of a sample: vector, image or field. */
  type: "vectors" | "pictures" | "fields";
  /** null: no names. */
  columns: readonly string[] | null;
  /** The default direction. */
  direction: Direction;
  /** Trained directions. */
  directions: readonly Direction[];
  /** Whether `sde` has noise. */
  random: boolean;
  /** Whether `heun` and `euler` are possible. */
  flow: boolean;
  /** Steps of training, in each interval between two datasets. */
  steps: number;
  /** null: two datasets at 0 and 1. */
  times: CourseTimes | null;
  /** Whether masses change on the way. */
  mass: boolean;
  /** The numbers of steps that `sde` takes; null: any. */
  stepChoices: readonly number[] | null;
  /** Source and target. */
  ends: readonly [string, string];
  /** Conditions that each sample needs. */
  conditions: readonly ConditionInfo[];
}

/** A bridge that samples in this page or process. */
export interface Bridge {
  /** Shape, columns, directions and conditions. */
  readonly info: BridgeInfo;
  /**
   * Moves samples to the other endpoint.
   * @throws {WebBridgeError} with the given value, the expected value and the cure.
   */
  sample<R extends Rows>(x0: R, options?: SampleOptions): Promise<Sampled<R>>;
  /** Frees the models after running calls have ended; later calls are refused. */
  dispose(): void;
}

/** Every error of this package. */
export class WebBridgeError extends Error {
  /** For checks without `instanceof`. */
  override name = "WebBridgeError";
}

// What a bridge in a browser or in Node is made of: networks and a schedule.
import type { Direction } from "../solver/grid.js";
import type { MeanSchedule, StepVariance } from "../solver/steps.js";
import type { BridgeInfo, Conditions, CourseTimes } from "./bridge.js";
import type { StateUnits } from "./units.js";

/** The field at rows x [n, …shape] and a process time, or its mean over a signed step; conditions as `prepare` made them. */
export type Network = (
  x: Float32Array,
  at: {
    n: number;
    time: number;
    interval: number;
    step?: number | undefined;
    /** Of `predicts: "endpoint"`: standard normal, as many numbers as x. */
    noise?: Float32Array | undefined;
    conditions: unknown;
  },
) => Promise<Float32Array> | Float32Array;

type Networks = { readonly [direction in Direction]?: Network | null };

/** The functions and the schedule of a bridge, in network units. */
export interface Dynamics {
  /** Shape of a sample in the network's units: [d] or [C, H, W]. */
  shape: readonly number[];
  /** The drift of each direction; a velocity has one field, under either name. */
  networks: Networks;
  /** The endpoint predicted at a point, which replaces a last step without noise. */
  ends?: Networks;
  /** What states gain at the start and at the end of a direction, as masses of LightSB do. */
  jumps?: Networks;
  /** `drift`: an SDE (default); `velocity`: an ODE in time, both ways; `mean`: discrete DSB; `endpoint`: draws of the endpoint. */
  predicts?: "drift" | "velocity" | "mean" | "endpoint";
  /** Standard deviation of the noise per unit of time (default 1). */
  sigma?: number;
  /** Times 0 … 1 of the steps, or a number of equal steps (default 30); in each interval of a time course. */
  times?: readonly number[] | number;
  /** A time course of several datasets; networks get the interval of their time. */
  course?: CourseTimes | null;
  /** Whether the last number of a state [d + 1] is the log mass of a sample (default false). */
  mass?: boolean;
  /** Whether it takes another number of steps, too (default true); `endpoint` takes divisors of its number without it. */
  resample?: boolean;
  /** Noise of a step (default: of the process). */
  stepVariance?: StepVariance;
  /** Of `analytic`, by direction: shares at equally spaced times of its own clock. */
  noiseShare?: Partial<Record<Direction, readonly number[]>>;
  /** Whether the last step has its noise (default true). */
  lastNoise?: boolean;
  /** A probability flow evaluates drifts at times within [eps, 1 − eps] (default 1e-4). */
  eps?: number;
  /** Steps of `predicts: "mean"`. */
  means?: MeanSchedule;
  /** Default: the data are in network units. */
  units?: StateUnits;
  /** Rows of one network call (default 1000 vectors, 8 images). */
  batch?: number;
  /**
   * Inputs of networks for the conditions of rows [first, first + count) of n.
   * @throws {WebBridgeError} if one is missing.
   */
  prepare?: (conditions: Conditions, n: number) => (first: number, count: number) => unknown;
  /** Facts to show. */
  info?: Partial<BridgeInfo>;
  /** Called by the bridge's `dispose`. */
  dispose?: () => void;
}

import type { StepVariance } from "../solver/euler-maruyama.js";
import { type Direction, equalTimes } from "../solver/grid.js";
import type { MeanSchedule } from "../solver/mean-steps.js";
import {
  type Bridge,
  type BridgeInfo,
  type Conditions,
  type CourseTimes,
  type Rows,
  type Sampled,
  type SampleOptions,
  WebBridgeError,
} from "./bridge.js";
import { journeyOf } from "./journey.js";
import { splitMass, withUnitMass } from "./mass.js";
import { likeRows, samplesOf } from "./rows.js";
import { takeOf } from "./take.js";
import { type Units, unitsOf } from "./units.js";

/** The field at rows x [n, …shape] and a process time; conditions as `prepare` made them. */
export type Network = (
  x: Float32Array,
  at: { n: number; time: number; interval: number; conditions: unknown },
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
  /** `drift`: an SDE (default); `velocity`: an ODE in time, both ways; `mean`: discrete DSB. */
  predicts?: "drift" | "velocity" | "mean";
  /** Standard deviation of the noise per unit of time (default 1). */
  sigma?: number;
  /** Times 0 … 1 of the steps of training, or the number of equal ones (default 30); of a course in each interval. */
  times?: readonly number[] | number;
  /** A time course of several datasets; networks get the interval of their time. */
  course?: CourseTimes | null;
  /** Whether the last number of a state [d + 1] is the log mass of a sample (default false). */
  mass?: boolean;
  /** Whether it takes another number of steps, too (default true). */
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
  units?: Units;
  /** Rows of one network call (default 1000 vectors, 8 images). */
  batch?: number;
  /**
   * Inputs of networks for the conditions of rows [first, first + count) of n. Throws a
   * WebBridgeError if one is missing.
   */
  prepare?: (conditions: Conditions, n: number) => (first: number, count: number) => unknown;
  /** Facts to show. */
  info?: Partial<BridgeInfo>;
  /** Called by the bridge's `dispose`. */
  dispose?: () => void;
}

/** A bridge of drifts, of a velocity, or of means. Throws a WebBridgeError without any. */
export function createBridge(dynamics: Dynamics): Bridge {
  const { networks, predicts = "drift", sigma = 1, times = 30 } = dynamics;
  const { info, course = null, mass = false } = dynamics;
  const shape = mass ? [dynamics.shape[0] - 1] : dynamics.shape;
  const { units = unitsOf({ shape }) } = dynamics;
  if (!(networks.f ?? networks.b))
    throw new WebBridgeError(
      "a bridge needs the drift of a direction; give networks.f or networks.b",
    );
  const grid = typeof times === "number" ? equalTimes(times) : times;
  const facts: BridgeInfo = {
    method: "",
    type: units.shape.length > 1 ? "pictures" : "vectors",
    columns: null,
    ends: ["source", "target"],
    conditions: [],
    direction: "f",
    ...info,
    shape: units.shape,
    directions: (["f", "b"] as const).filter((d) => predicts === "velocity" || networks[d]),
    random: predicts === "mean" || (predicts === "drift" && sigma > 0),
    flow: predicts !== "mean",
    steps: grid.length - 1,
    times: course,
    mass,
    fixedSteps: dynamics.resample === false,
  };
  if (!facts.directions.includes(facts.direction)) facts.direction = facts.directions[0] as "f";
  return {
    info: facts,
    sample: (x0, options = {}) => sample(x0, options, { ...dynamics, grid, units, facts }),
    dispose: () => dynamics.dispose?.(),
  };
}

export interface Prepared extends Dynamics {
  grid: readonly number[];
  units: Units;
  facts: BridgeInfo;
}

async function sample<R extends Rows>(
  x0: R,
  options: SampleOptions,
  bridge: Prepared,
): Promise<Sampled<R>> {
  const { units, facts } = bridge;
  const { onStep, signal, path = true } = options;
  const given = samplesOf(x0, units.shape);
  const [n = 0] = given.shape;
  const { direction, legs, times } = journeyOf(bridge, options);
  const conditions = bridge.prepare?.(options.conditions ?? {}, n);
  const result: Sampled<R> = { x: x0, weights: null, path: [], pathWeights: [], times };
  let x = units.apply(given);
  if (facts.mass) x = withUnitMass(x, n);
  const report = async (k: number) => {
    if (!path && !onStep && k < times.length - 1) return;
    const { samples, weights } = facts.mass ? splitMass(x, n) : { samples: x, weights: null };
    result.x = likeRows(units.undo(samples, n), x0);
    result.weights = weights;
    if (path) {
      result.path.push(result.x);
      if (weights) result.pathWeights.push(weights);
    }
    await onStep?.({ k, time: times[k], x: result.x, weights });
  };
  await report(0);
  for (const leg of legs) {
    const take = takeOf(bridge, { ...options, direction }, { n, leg, conditions });
    for (const step of leg.steps) {
      await turn();
      signal?.throwIfAborted();
      x = await take(x, step);
      checkFinite(x, n);
      await report(step.k + 1);
    }
  }
  return result;
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

function checkFinite(x: Float32Array, n: number): void {
  const odd = x.findIndex((value) => !Number.isFinite(value));
  if (odd >= 0)
    throw new WebBridgeError(
      `sample ${Math.floor((odd * n) / x.length)} became ${x[odd]}: it is far from the training data, or the model is damaged`,
    );
}

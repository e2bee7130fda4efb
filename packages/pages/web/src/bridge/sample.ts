// Sampling: from rows in the data's own units, step by step, to rows in the data's own units.
import { rowNoise } from "../noise/row-noise.js";
import {
  type Direction,
  equalTimes,
  type Field,
  type Leg,
  legsOf,
  resample,
  type Take,
} from "../solver/grid.js";
import {
  bridgeToDraws,
  euler,
  eulerMaruyama,
  heun,
  meanEuler,
  meanSteps,
  midpoint,
  probabilityFlow,
} from "../solver/steps.js";
import {
  type BridgeInfo,
  type Rows,
  type Sampled,
  type SampleOptions,
  WebBridgeError,
} from "./bridge.js";
import type { Dynamics, Network } from "./dynamics.js";
import { splitMass, withoutMass, withUnitMass } from "./mass.js";
import { likeRows, samplesOf } from "./row-samples.js";
import type { StateUnits } from "./units.js";

/** A bridge with its defaults. */
export interface Prepared extends Dynamics {
  grid: readonly number[];
  units: StateUnits;
  facts: BridgeInfo;
}

const mostSteps = 100_000;
const optionNames = "direction steps seed solver conditions first path onStep signal".split(" ");

/**
 * Moves samples step by step.
 * @throws {WebBridgeError} for wrong options and for NaN and infinite states.
 */
export async function sample<R extends Rows>(
  x0: R,
  options: SampleOptions,
  bridge: Prepared,
): Promise<Sampled<R>> {
  const { units, facts } = bridge;
  const unknown = Object.keys(options).find((key) => !optionNames.includes(key));
  if (unknown)
    throw new WebBridgeError(`${unknown} is no option; expected ${optionNames.join(", ")}`);
  const { onStep, signal, path = true } = options;
  const samples = samplesOf(x0, units.shape);
  const [n = 0] = samples.shape;
  const { direction, legs, times } = journeyOf(bridge, options);
  const conditions = bridge.prepare?.(options.conditions ?? {}, n);
  const result: Sampled<R> = { x: x0, weights: null, path: [], pathWeights: [], times };
  let x = await units.apply(samples);
  if (facts.mass) x = withUnitMass(x, n);
  const report = async (k: number) => {
    if (!path && !onStep && k < times.length - 1) return;
    const { samples, weights } = facts.mass ? splitMass(x, n) : { samples: x, weights: null };
    result.x = likeRows(await units.undo(samples, n), x0);
    result.weights = weights;
    if (path) {
      result.path.push(result.x);
      if (weights) result.pathWeights.push(weights);
    }
    await onStep?.({ k, time: times[k], x: result.x, weights });
  };
  const [start, end] = direction === "f" ? [0, 1] : [1, 0];
  const jump = async (leg: Leg, time: number) => {
    const network = bridge.jumps?.[direction];
    if (!network) return;
    const gained = await inParts(network, bridge, { n, leg, conditions })(x, time);
    x = x.map((value, i) => value + gained[i]);
  };
  await report(0);
  await jump(legs[0], start);
  for (const leg of legs) {
    const take = takeOf(bridge, { ...options, direction }, { n, leg, conditions });
    for (const step of leg.steps) {
      await turn();
      signal?.throwIfAborted();
      x = await take(x, step);
      if (step.next === end) await jump(leg, end);
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

interface Journey {
  direction: Direction;
  legs: Leg[];
  /** Times of the states, in the user's units if these are numbers. */
  times: number[];
}

/** @throws {WebBridgeError} for a direction or a number of steps that the bridge does not have. */
function journeyOf(
  { grid, course, facts }: Prepared,
  { direction = facts.direction, solver = "sde", steps }: SampleOptions,
): Journey {
  if (direction !== "f" && direction !== "b")
    throw new WebBridgeError(`direction is ${direction}; expected "f" or "b"`);
  const usual = grid.length - 1;
  const n = steps ?? (solver === "sde" ? usual : 100);
  if (!Number.isInteger(n) || n < 1 || n > mostSteps)
    throw new WebBridgeError(`steps is ${steps}; expected an integer from 1 to ${mostSteps}`);
  if (solver === "sde" && facts.stepChoices?.includes(n) === false)
    throw new WebBridgeError(
      `steps is ${n}; this bridge was trained on ${usual} steps and takes ${facts.stepChoices.join(", ")}: leave steps out, or give one of these`,
    );
  const clock = solver === "sde" ? resample(grid, n) : equalTimes(n);
  const legs = legsOf(course?.process ?? [0, 1], clock, direction);
  const { from, length } = course?.scale ?? { from: 0, length: 1 };
  const start = direction === "f" ? 0 : 1;
  const times = [start, ...legs.flatMap((leg) => leg.steps.map(({ next }) => next))];
  return { direction, legs, times: times.map((t) => from + length * t) };
}

interface LegRows {
  n: number;
  leg: Leg;
  conditions: ((first: number, count: number) => unknown) | undefined;
}

/**
 * One step of the chosen solver in a leg.
 * @throws {WebBridgeError} if the bridge has no such solver.
 */
function takeOf(
  bridge: Prepared,
  options: SampleOptions & { direction: Direction },
  { n, leg, conditions }: LegRows,
): Take {
  const { facts, networks, ends, predicts = "drift", sigma = 1, eps = 1e-4, shape } = bridge;
  const { direction, solver = "sde", seed = 42, first = 0 } = options;
  for (const [name, value] of Object.entries({ seed, first }))
    if (!Number.isSafeInteger(value) || value < 0)
      throw new WebBridgeError(`${name} is ${value}; expected an integer of at least 0`);
  const field = (network: Network | null | undefined) =>
    network ? inParts(network, bridge, { n, leg, conditions }) : null;
  const both = { f: field(networks.f), b: field(networks.b) };
  const velocity = () => (both.f ?? both.b) as Field;
  if (solver !== "sde") {
    const step = { euler, heun }[solver];
    if (!step) throw new WebBridgeError(`solver is "${solver}"; expected sde, heun or euler`);
    if (!facts.flow)
      throw new WebBridgeError(`${facts.method} has no probability flow; use solver "sde"`);
    return step(predicts === "velocity" ? velocity() : probabilityFlow(both, { eps, leg }));
  }
  if (predicts === "velocity") return (facts.mass ? midpoint : meanEuler)(velocity());
  const drift = both[direction];
  if (!drift)
    throw new WebBridgeError(
      `direction is "${direction}", which this bridge does not have; use "${facts.direction}", or solver "heun", whose flow runs both ways`,
    );
  const { lastNoise = true, stepVariance = "process" } = bridge;
  const isSeveral = (bridge.course?.process.length ?? 0) > 2;
  const purpose = isSeveral ? `${direction}/${leg.index}` : direction;
  const size = sizeOf(shape);
  const isDrawn = predicts === "endpoint";
  const draw = rowNoise({ first, n, size: isDrawn ? 2 * size : size }, { seed, purpose });
  if (isDrawn) return bridgeToDraws(drift, { direction, sigma, leg, noise: draw, size });
  const noise = facts.mass ? () => withoutMass(draw(), n) : draw;
  if (predicts === "mean" && bridge.means)
    return meanSteps(drift, { direction, schedule: bridge.means, lastNoise, noise });
  const end = field(ends?.[direction]);
  const shares = bridge.noiseShare?.[direction];
  const how = { direction, sigma, stepVariance, shares, lastNoise, end, leg, noise };
  return eulerMaruyama(drift, how);
}

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Evaluates a network in parts, so that its memory has a bound. */
function inParts(
  network: Network,
  { shape, batch = shape.length > 1 ? 8 : 1000 }: Prepared,
  { n, leg, conditions }: LegRows,
): Field {
  const size = sizeOf(shape);
  return async (x, time, { step, noise } = {}) => {
    const out = new Float32Array(x.length);
    for (let at = 0; at < n; at += batch) {
      const count = Math.min(batch, n - at);
      const part = (all: Float32Array) => all.subarray(at * size, (at + count) * size);
      out.set(
        await network(part(x), {
          n: count,
          time,
          interval: leg.index,
          step,
          noise: noise && part(noise),
          conditions: conditions?.(at, count),
        }),
        at * size,
      );
    }
    return out;
  };
}

// What a network predicts: a drift, or the end that the process runs to; scaled by the standard deviation of the
// reference process or not; and how it gets a direction and guidance. Training and sampling both read it from here.
import { full } from "@dsbm/torch";
import type { Conditions } from "../core/conditions.js";
import type { Direction } from "../core/direction.js";
import type { Evaluated } from "../core/network.js";
import type { TimeGrid } from "../core/time-grid.js";
import { type ReferenceProcess, spread } from "../process/process.js";
import type { Field } from "../solver/solver.js";
import type { Method } from "./method.js";

export interface Parametrisation {
  /** The network predicts the end (x1 for f, x0 for b) instead of the drift. */
  meanMatch: boolean;
  /** The network's output is divided by the standard deviation of the reference seen from the other end. */
  stdTrick: boolean;
  /** Prediction and target are multiplied by that standard deviation in the loss. */
  lossScale: boolean;
}

/** The network's output as it is: a drift, unscaled. */
export const plainDrift: Parametrisation = { meanMatch: false, stdTrick: false, lossScale: false };

interface OutputOptions {
  network: Evaluated;
  /** What the network is conditioned on. */
  given?: Conditions | undefined;
  direction: Direction;
  process: ReferenceProcess;
  parametrisation: Parametrisation;
}

/** The network's output in the units of its regression target: x [B, …], t [B] → [B, …]. */
export function networkOutput(options: OutputOptions): Field {
  const { network, direction, process, parametrisation, given } = options;
  if (!parametrisation.stdTrick) return (x, t) => network.forward(x, t, given);
  return (x, t) => network.forward(x, t, given).div(spread(process.scale(direction, t), x));
}

/** The drift that a sampler follows: x [B, …], t [B] → [B, …] (Shi et al. 2023, §3.2). */
export function driftField(options: OutputOptions): Field {
  const field = networkOutput(options);
  const { process, direction } = options;
  const { own } = process;
  if (options.parametrisation.meanMatch)
    return (x, t) => process.driftTo(direction, { x, t, end: field(x, t) });
  return own ? (x, t) => field(x, t).add(own(direction, x)) : field;
}

/**
 * How near to an end a flow evaluates drifts: eps, but for drifts that are made of a predicted end, no nearer than the steps of
 * the grid (a quarter at most). Errors of that end are divided by the time that is left, and samplers divide them by no less.
 */
export function flowMargin({
  method,
  parametrisation = plainDrift,
  grid,
  eps = 1e-4,
}: {
  method: Pick<Method, "predicts" | "model">;
  parametrisation?: Parametrisation | undefined;
  grid: TimeGrid;
  eps?: number | undefined;
}): number {
  const isEnd =
    method.predicts === "drift" && (parametrisation.meanMatch || method.model?.predictsEnd);
  return isEnd ? Math.max(eps, Math.min(0.25, grid.steps[0] ?? 0, grid.steps.at(-1) ?? 0)) : eps;
}

/**
 * The network with classifier-free guidance w: u + w·(c − u) of its outputs c with the condition and u without it, which is the
 * same of the drifts, since these are linear in the outputs. 1 is the network itself, 0 the one without the condition
 * (Ho and Salimans 2021, with w = 1 + their weight).
 */
export function guided(network: Evaluated, guidance = 1): Evaluated {
  if (guidance === 1) return network;
  return {
    forward(x, t, given) {
      const without = network.forward(x, t, { ...given, absent: true });
      if (guidance === 0) return without;
      const difference = network.forward(x, t, given).sub(without);
      return without.add(difference, { alpha: guidance });
    },
  };
}

/** Evaluations of a network that one with this guidance takes. */
export const guidedEvaluations = (guidance = 1): number =>
  guidance === 1 || guidance === 0 ? 1 : 2;

/** The network as it is evaluated for a direction. */
export function towards(
  direction: Direction,
  network: Evaluated,
  { networks }: Pick<Method, "networks">,
): Evaluated {
  if (networks !== "bidirectional") return network;
  const value = direction === "f" ? 1 : 0;
  return {
    forward(x, t, given) {
      const { device, dtype } = x;
      return network.forward(x, t, {
        ...given,
        direction: full([x.size(0)], value, { device, dtype }),
      });
    },
  };
}

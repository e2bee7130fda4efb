// Outputs, direction input and guidance of a network, for training and sampling.
import { full } from "@dsbm/torch";
import type { Conditions } from "../core/conditions.js";
import type { Direction } from "../core/direction.js";
import type { Evaluated } from "../core/network.js";
import type { TimeGrid } from "../core/time-grid.js";
import { asColumn, type ReferenceProcess } from "../process/process.js";
import type { Field } from "../solver/solver.js";
import type { Method } from "./method.js";

/** The output of a network and the scale of its loss. */
export interface Parametrisation {
  /** The network predicts the endpoint (x1 for f, x0 for b) instead of the drift. */
  meanMatch: boolean;
  /** The output is divided by the reference's standard deviation seen from the other endpoint. */
  stdTrick: boolean;
  /** The loss multiplies prediction and target by this deviation. */
  lossScale: boolean;
}

/** The output is the drift. */
export const plainDrift: Parametrisation = { meanMatch: false, stdTrick: false, lossScale: false };

interface NetworkOutputOptions {
  network: Evaluated;
  conditions?: Conditions | undefined;
  direction: Direction;
  process: ReferenceProcess;
  parametrisation: Parametrisation;
}

/** The output in the units of its target: x [B, …], t [B] → [B, …]. */
export function networkOutput(options: NetworkOutputOptions): Field {
  const { network, direction, process, parametrisation, conditions } = options;
  if (!parametrisation.stdTrick) return (x, t) => network.forward(x, t, conditions);
  return (x, t) => network.forward(x, t, conditions).div(asColumn(process.scale(direction, t), x));
}

/** The sampler's drift: x [B, …], t [B] → [B, …] (Shi et al. 2023, §3.2). */
export function driftField(options: NetworkOutputOptions): Field {
  const field = networkOutput(options);
  const { process, direction } = options;
  const { own } = process;
  if (options.parametrisation.meanMatch)
    return (x, t) => process.driftTo(direction, { x, t, end: field(x, t) });
  return own ? (x, t) => field(x, t).add(own(direction, x)) : field;
}

/**
 * The margin of a flow's times: eps, or for drifts of predicted endpoints the step of the grid (at most ¼), since
 * their errors are divided by the time left.
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
 * Classifier-free guidance w: u + w·(c − u) of the outputs c with and u without the condition (Ho and Salimans
 * 2021, with w = 1 + their weight). It holds for drifts too, which are linear in the outputs.
 */
export function withGuidance(network: Evaluated, guidance = 1): Evaluated {
  if (guidance === 1) return network;
  return {
    forward(x, t, conditions) {
      const without = network.forward(x, t, { ...conditions, absent: true });
      if (guidance === 0) return without;
      const difference = network.forward(x, t, conditions).sub(without);
      return without.add(difference, { alpha: guidance });
    },
  };
}

/** Evaluations of a network with this guidance. */
export const guidedEvaluations = (guidance = 1): number =>
  guidance === 1 || guidance === 0 ? 1 : 2;

/** Gives a bidirectional network its direction. */
export function withDirection(
  direction: Direction,
  network: Evaluated,
  { networks }: Pick<Method, "networks">,
): Evaluated {
  if (networks !== "bidirectional") return network;
  const value = direction === "f" ? 1 : 0;
  return {
    forward(x, t, conditions) {
      const { device, dtype } = x;
      return network.forward(x, t, {
        ...conditions,
        direction: full([x.size(0)], value, { device, dtype }),
      });
    },
  };
}

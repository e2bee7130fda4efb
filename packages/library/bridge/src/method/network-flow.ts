import type { Conditions } from "../core/conditions.js";
import type { Direction } from "../core/direction.js";
import { argumentError } from "../core/errors.js";
import type { Evaluated, Network } from "../core/network.js";
import type { TimeGrid } from "../core/time-grid.js";
import { onCells } from "../process/process.js";
import { probabilityFlow } from "../solver/probability-flow.js";
import type { Field } from "../solver/solver.js";
import { withGuidance } from "./parametrisation.js";
import { type Dynamics, driftOf } from "./sample.js";

/** Trained networks; a velocity is in either place. */
export interface NetworkFlowOptions extends Dynamics {
  /** The grid that increments were learnt on. */
  grid: TimeGrid;
  /** Drifts are evaluated within [eps, 1 − eps] (default: as `probabilityFlow`). */
  eps?: number | undefined;
  conditions?: Conditions | undefined;
}

/**
 * dx/dt at points [B, …] and times [B]: the learnt velocity, (drift_f − drift_b)/2, or the one trained drift (Shi
 * 2023).
 * @throws {BridgeError} without a network, and for a method with discrete steps.
 */
export function networkFlow({ grid, eps, conditions, ...dynamics }: NetworkFlowOptions): Field {
  const { method, networks } = dynamics;
  const some = networks.f ?? networks.b;
  if (!some)
    throw argumentError("no network for the flow; expected a network of at least one direction");
  if (method.sampler)
    throw argumentError(
      `${method.name} has a sampler of its own and no probability flow; use that sampler`,
    );
  if (method.predicts === "velocity") {
    const flow = withGuidance(some, dynamics.guidance);
    return (x, t) => flow.forward(x, t, conditions);
  }
  const learnt = learntVelocity(some, { ...dynamics, conditions });
  if (learnt) return probabilityFlow({ forward: learnt, eps });
  const drift = (direction: Direction): Field | null =>
    networks[direction] ? driftOf(dynamics, { direction, grid, conditions }) : null;
  return probabilityFlow({ forward: drift("f"), backward: drift("b"), eps });
}

/** The flow of a network that learns it besides its drift: one evaluation instead of both drifts; null without it. */
function learntVelocity(
  network: Network,
  {
    process,
    guidance,
    conditions,
  }: Pick<NetworkFlowOptions, "process" | "guidance" | "conditions">,
): Field | null {
  if (!network.velocity) return null;
  const forward: Evaluated["forward"] = (...point) => network.velocity!(...point);
  const flow = withGuidance({ forward }, guidance);
  return (x, t) => onCells(process, flow.forward(x, t, conditions));
}

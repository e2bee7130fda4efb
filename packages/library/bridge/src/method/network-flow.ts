// The deterministic sampler of trained networks: the one field that carries samples both ways without noise.
// Evaluation and sampling both read it from here, so that they follow the same flow.

import type { Conditions } from "../core/conditions.js";
import type { Direction } from "../core/direction.js";
import { argumentError } from "../core/errors.js";
import type { TimeGrid } from "../core/time-grid.js";
import { probabilityFlow } from "../solver/probability-flow.js";
import type { Field } from "../solver/solver.js";
import { guided } from "./parametrisation.js";
import { type Dynamics, driftOf } from "./sample.js";

/** The networks that were trained; of a velocity the one field, in either place. */
export interface NetworkFlowOptions extends Dynamics {
  /** The grid that increments were learnt on. */
  grid: TimeGrid;
  /** Times were drawn from [eps, 1 − eps]: a drift is not evaluated beyond (default: as `probabilityFlow`). */
  eps?: number | undefined;
  /** What the networks are conditioned on, a row for each sample. */
  given?: Conditions | undefined;
}

/**
 * dx/dt of the samples at points [B, …] and times [B]: the field itself of methods that learn a velocity, else
 * (drift_f − drift_b)/2, or the one drift that was trained (Shi 2023). Throws a BridgeError without any network, and
 * for a method with steps of its own, which is no diffusion in time.
 */
export function networkFlow({ grid, eps, given, ...dynamics }: NetworkFlowOptions): Field {
  const { method, networks } = dynamics;
  const some = networks.f ?? networks.b;
  if (!some) throw argumentError("the flow of no network; expected that of at least one direction");
  if (method.sampler)
    throw argumentError(
      `${method.name} has a sampler of its own and no probability flow; use that sampler`,
    );
  if (method.predicts === "velocity") {
    const flow = guided(some, dynamics.guidance);
    return (x, t) => flow.forward(x, t, given);
  }
  const drift = (direction: Direction): Field | null =>
    networks[direction] ? driftOf(dynamics, { direction, grid, given }) : null;
  return probabilityFlow({ forward: drift("f"), backward: drift("b"), eps });
}

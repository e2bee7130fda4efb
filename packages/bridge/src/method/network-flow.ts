// The deterministic sampler of trained networks: the one field that carries samples both ways without noise. Those
// evaluation and sampling both read it from here, so that they follow the same flow.
import type { Conditions } from "../core/conditions.js";
import type { Direction } from "../core/direction.js";
import { BridgeError } from "../core/errors.js";
import type { TimeGrid } from "../core/time-grid.js";
import type { ReferenceProcess } from "../process/process.js";
import { probabilityFlow } from "../solver/probability-flow.js";
import type { Field } from "../solver/solver.js";
import type { Method } from "./method.js";
import { type Network, towards } from "./network.js";
import { driftField, type Parametrisation, plainDrift } from "./parametrisation.js";

export interface NetworkFlowOptions {
  method: Pick<Method, "predicts" | "name" | "networks" | "sampler">;
  process: ReferenceProcess;
  /** The networks that were trained; of a flow the one field, in either place. */
  networks: { readonly [direction in Direction]?: Network | null | undefined };
  /** What they predict (default: the drift). */
  parametrisation?: Parametrisation;
  /** The grid that increments were learnt on. */
  grid: TimeGrid;
  /** Times were drawn from [eps, 1 − eps]: a drift is not evaluated beyond (default: as `probabilityFlow`). */
  eps?: number;
  /** What the networks are conditioned on, a row for each sample. */
  given?: Conditions | undefined;
}

/**
 * dx/dt of the samples at points [B, …] and times [B]: the field itself of methods that learn a velocity, else
 * (drift_f − drift_b)/2, or the one drift that was trained (Shi 2023). Throws a BridgeError without any network, and
 * for a method with steps of its own, which is no diffusion in time.
 */
export function networkFlow({
  method,
  process,
  networks,
  parametrisation = plainDrift,
  grid,
  eps,
  given,
}: NetworkFlowOptions): Field {
  const { b = null, f = null } = networks;
  const some = f ?? b;
  if (!some)
    throw new BridgeError(
      "argument",
      "the flow of no network; expected that of at least one direction",
    );
  if (method.sampler || method.predicts === "plan")
    throw new BridgeError(
      "argument",
      `${method.name} has a sampler of its own and no probability flow; use that sampler`,
    );
  if (method.predicts === "velocity") return (x, t) => some.forward(x, t, given);
  const drift = (direction: Direction): Field | null => {
    const trained = networks[direction];
    if (!trained) return null;
    const network = towards(direction, trained, method);
    if (method.predicts === "drift")
      return driftField({ network, direction, process, parametrisation, given });
    // An increment has the Δt of its training inside.
    const dt = grid.steps[0] as number;
    return (x, t) => network.forward(x, t, given).div(dt);
  };
  return probabilityFlow({
    forward: drift("f"),
    backward: drift("b"),
    ...(eps !== undefined && { eps }),
  });
}

// A method's sampler in plain tensor operations: what is followed, by which solver.
import type { nn, Tensor } from "@dsbm/torch";
import type { Conditions } from "../core/conditions.js";
import type { Direction } from "../core/direction.js";
import { BridgeError } from "../core/errors.js";
import type { TimeGrid } from "../core/time-grid.js";
import type { ReferenceProcess } from "../process/process.js";
import { euler } from "../solver/euler.js";
import { eulerMaruyama, type StepVariance } from "../solver/euler-maruyama.js";
import type { Field } from "../solver/solver.js";
import type { Method } from "./method.js";
import { driftField, networkOutput, type Parametrisation, plainDrift } from "./parametrisation.js";

export type Network = nn.Module & { forward(x: Tensor, t: Tensor, given?: Conditions): Tensor };

/** Networks and what their answers mean. */
export interface Dynamics {
  method: Pick<Method, "predicts" | "sampler">;
  process: ReferenceProcess;
  /** The network of each direction (for a shared field, twice the same). */
  networks: Record<Direction, Network>;
  /** What they predict (default: the drift). */
  parametrisation?: Parametrisation;
  /** The noise of a step along a drift (default: that of the process). */
  stepVariance?: StepVariance | undefined;
}

/** Runs the method's sampler once, in plain tensor operations: x [B, …] from the start of `direction`. */
export function sample(
  { method, process, networks, parametrisation = plainDrift, stepVariance }: Dynamics,
  x: Tensor,
  options: {
    direction: Direction;
    grid: TimeGrid;
    lastNoise?: boolean;
    callback?: (x: Tensor, at: { step: number; time: number }) => void;
    noise?: (x: Tensor, step: number) => Tensor;
    given?: Conditions | undefined;
  },
): Tensor {
  const { given } = options;
  const net = networks[options.direction];
  const field: Field = (y, t) => net.forward(y, t, given);
  if (method.sampler) return method.sampler.sample(field, x, options);
  if (method.predicts === "velocity") return euler(field, x, options);
  if (method.predicts === "drift") {
    const asked = { network: net, direction: options.direction, process, parametrisation, given };
    // A network that predicts the end is asked for it in the last step.
    const finish = parametrisation.meanMatch ? networkOutput(asked) : undefined;
    const { sigma } = process;
    return eulerMaruyama(driftField(asked), x, { ...options, sigma, stepVariance, finish });
  }
  // An increment is a drift with Δt inside: divide it out, and the one solver serves both.
  const dt = options.grid.steps[0] as number;
  if (options.grid.steps.some((s) => Math.abs(s - dt) > 1e-12))
    throw new BridgeError(
      "argument",
      "DSB's networks predict the increment of one step size; the grid has several",
    );
  return eulerMaruyama((y, t) => field(y, t).div(dt), x, { ...options, sigma: process.sigma });
}

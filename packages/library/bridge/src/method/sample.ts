import type { Tensor } from "@dsbm/torch";
import type { Conditions } from "../core/conditions.js";
import { type Direction, oppositeDirection } from "../core/direction.js";
import { argumentError } from "../core/errors.js";
import type { Evaluated, Network } from "../core/network.js";
import { oneTime } from "../core/one-time.js";
import { withoutMass } from "../coupling/growth.js";
import { onCells, type ReferenceProcess } from "../process/process.js";
import { eulerMaruyama, type StepVariance } from "../solver/euler-maruyama.js";
import { type Field, noiseLike, type SolveOptions, type StepField } from "../solver/solver.js";
import type { Method } from "./method.js";
import { noiseShareOf, shareAt } from "./noise-share.js";
import {
  driftField,
  flowMargin,
  networkOutput,
  type Parametrisation,
  plainDrift,
  withDirection,
  withGuidance,
} from "./parametrisation.js";

/** Everything that sampling needs: method, process and networks. */
export interface Dynamics {
  /** Options of sampling. */
  method: Pick<
    Method,
    | "name"
    | "predicts"
    | "networks"
    | "model"
    | "rows"
    | "sampler"
    | "drawsTwice"
    | "plan"
    | "mass"
    | "takesSteps"
  >;
  /** The reference process. */
  process: ReferenceProcess;
  /** The network of each direction; both may be one network. */
  networks: { readonly [direction in Direction]?: Network | null | undefined };
  /** The output of networks (default: the drift). */
  parametrisation?: Parametrisation;
  /** Noise of a step along a drift (default: as the process). */
  stepVariance?: StepVariance | undefined;
  /** Another noise with the same marginals, from the drifts of both directions (default: the process's sigma). */
  diffusion?: number | undefined;
  /** Guidance of networks trained with condition dropout (default 1; see `withGuidance`). */
  guidance?: number | undefined;
}

/** Options of sampling by a method. */
export interface SampleOptions extends SolveOptions {
  /** Whether the last step has noise (default: yes). */
  lastNoise?: boolean | undefined;
  /** Conditions of the rows. */
  conditions?: Conditions | undefined;
  /** Called with each drift [B, …] that a step evaluates; it is freed at the end of the step. */
  onDrift?: ((drift: Tensor) => void) | undefined;
}

function networkOf({ networks }: Pick<Dynamics, "networks">, direction: Direction): Network {
  const network = networks[direction];
  if (network) return network;
  throw argumentError(
    `no network of direction ${direction}; expected a network trained in this direction`,
  );
}

function evaluatedOf(dynamics: Dynamics, direction: Direction): Evaluated {
  const { process, method, guidance } = dynamics;
  const network = withDirection(direction, networkOf(dynamics, direction), method);
  const guided = withGuidance(network, guidance);
  if (!process.cells) return guided;
  // A known drift between Gaussians moves all cells.
  return { forward: (x, t, conditions) => onCells(process, guided.forward(x, t, conditions)) };
}

/** Options whose noise is in the cells of the process that move. */
function withCells(process: ReferenceProcess, options: SampleOptions): SampleOptions {
  if (!process.cells) return options;
  const { noise = noiseLike } = options;
  return { ...options, noise: (x, k) => onCells(process, noise(x, k)) };
}

/**
 * The drift of a direction's steps, in its own clock.
 * @throws {BridgeError} if the direction has no network.
 */
export function driftOf(
  dynamics: Dynamics,
  { direction, grid, conditions }: Pick<SampleOptions, "direction" | "grid" | "conditions">,
): StepField {
  const { method, process, parametrisation = plainDrift } = dynamics;
  const network = evaluatedOf(dynamics, direction);
  if (method.predicts === "drift")
    return driftField({ network, direction, process, parametrisation, conditions });
  if (method.predicts === "velocity") {
    const sign = direction === "f" ? 1 : -1;
    const at = (x: Tensor, step = 0) =>
      method.takesSteps ? { ...conditions, step: oneTime(x, sign * step) } : conditions;
    const field: StepField = (x, t, step) => network.forward(x, t, at(x, step));
    return direction === "f" ? field : (...point) => field(...point).neg();
  }
  // An increment includes the Δt of its training.
  const dt = grid.steps[0];
  if (grid.steps.some((s) => Math.abs(s - dt) > 1e-12))
    throw argumentError(
      "DSB's networks predict the increment of one step size; the grid has several",
    );
  return (x, t) => network.forward(x, t, conditions).div(dt);
}

/**
 * Samples x [B, …] from the start of `direction`. A plan draws the endpoint at once; with a callback, its path is
 * a bridge to that endpoint.
 */
export function sample(dynamics: Dynamics, x: Tensor, given: SampleOptions): Tensor {
  const { method, process, parametrisation = plainDrift, stepVariance } = dynamics;
  const options = withCells(process, given);
  if (method.mass && method.predicts === "drift")
    return sample({ ...dynamics, method: { ...method, mass: false } }, x, {
      ...options,
      noise: (y, k) => withoutMass((options.noise ?? noiseLike)(y, k)),
    });
  const { direction, conditions, onDrift } = options;
  const network = evaluatedOf(dynamics, direction);
  if (method.sampler) {
    const field: Field = (y, t) => network.forward(y, t, conditions);
    return method.sampler(field, x, { ...options, process });
  }
  if (method.plan) {
    const { noise = noiseLike } = options;
    const end = planEnd(dynamics, x, { direction, conditions, z: noise(x, 0) });
    return options.callback ? bridgePath(end, x, { process, ...options }) : end;
  }
  const { sigma } = process;
  if (method.predicts === "drift" && dynamics.diffusion !== undefined)
    return withDiffusion(dynamics, x, options);
  const drift = shownField(driftOf(dynamics, options), onDrift);
  switch (method.predicts) {
    // Errors of a mass grow with its factor.
    case "velocity":
      return eulerMaruyama(drift, x, { ...options, sigma: 0, isMidpoint: method.mass === true });
    case "drift": {
      const finish = parametrisation.meanMatch
        ? networkOutput({ network, direction, process, parametrisation, conditions })
        : undefined;
      const shares =
        stepVariance === "analytic"
          ? noiseShareOf(networkOf(dynamics, direction), direction)
          : null;
      const share = shares ? (u: number) => shareAt(shares, u) : undefined;
      return eulerMaruyama(drift, x, { ...options, sigma, stepVariance, share, finish });
    }
    case "increment":
      return eulerMaruyama(drift, x, { ...options, sigma });
  }
}

/** A field whose values are shown. */
const shownField = (field: StepField, show: ((value: Tensor) => void) | undefined): StepField =>
  show
    ? (...point) => {
        const value = field(...point);
        show(value);
        return value;
      }
    : field;

const margin = 1e-3;

/**
 * Noise g with the same marginals: the drift (1 + g²/σ²)/2·b − (1 − g²/σ²)/2·b′ of both drifts, since b + b′ is σ²
 * times the score (Song 2021; Tong et al. 2023).
 */
function withDiffusion(dynamics: Dynamics, x: Tensor, options: SampleOptions): Tensor {
  const { process, diffusion = process.sigma } = dynamics;
  const { direction, lastNoise } = options;
  const ratio = (diffusion / process.sigma) ** 2;
  const near = flowMargin({ ...dynamics, grid: options.grid, eps: margin });
  const forward = driftOf(dynamics, options);
  const back = driftOf(dynamics, { ...options, direction: oppositeDirection(direction) });
  const drift: Field = (y, t) =>
    forward(y, t)
      .mul((1 + ratio) / 2)
      .add(back(y, t.clamp({ min: near, max: 1 - near })), { alpha: (ratio - 1) / 2 });
  return eulerMaruyama(drift, x, { ...options, sigma: diffusion, lastNoise });
}

/**
 * Draws the endpoint of each row x [B, …] from the plan of the method with noise z.
 * @throws {BridgeError} if it has none.
 */
export function planEnd(
  dynamics: Dynamics,
  x: Tensor,
  { direction, conditions, z }: Pick<SampleOptions, "direction" | "conditions"> & { z: Tensor },
): Tensor {
  const { method, process } = dynamics;
  if (!method.plan)
    throw argumentError(`${method.name} has no plan to draw an endpoint from; use sample`);
  const noise = onCells(process, z);
  return method.plan(networkOf(dynamics, direction), x, {
    direction,
    z: noise,
    process,
    conditions,
  });
}

/** Follows the Brownian bridge from x to end, both [B, …], through the times of the grid, whose states the callback gets: end [B, …]. */
export function bridgePath(
  end: Tensor,
  x: Tensor,
  { process, ...options }: SolveOptions & Pick<Dynamics, "process">,
): Tensor {
  const { direction } = options;
  const drift: Field = (y, t) => process.driftTo(direction, { x: y, t, end });
  const { sigma } = process;
  return eulerMaruyama(drift, x, {
    ...options,
    sigma,
    stepVariance: "bridge",
    lastNoise: false,
    finish: () => end,
  });
}

import { allFinite, stack, type Tensor } from "@dsbm/torch";
import { argumentError, notFiniteError } from "../core/errors.js";
import { dopri5 } from "./dopri5.js";
import { euler, heun } from "./fixed-grid.js";
import type { Flow, FlowOptions, FlowSolver } from "./flow.js";
import type { Field } from "./solver.js";

/** Solvers of the probability flow by name. */
export const flowSolvers = { dopri5, heun, euler } as const satisfies Record<string, FlowSolver>;

/**
 * Follows dx/dt = field(x, t) from x [B, …] at the first of `times`: states [T, B, …] and the number of evaluations.
 * The field gets times [B]; gradients flow through it.
 * @throws {BridgeError} for bad arguments, too small or too many steps, and NaN or infinity.
 */
export function solveFlow(
  field: Field,
  x: Tensor,
  {
    times,
    solver = "dopri5",
    rtol = 1e-5,
    atol = 1e-5,
    step_size = 0.01,
    overshoot = false,
  }: FlowOptions & { times: readonly number[]; solver?: keyof typeof flowSolvers },
): Flow {
  const chosen: FlowSolver | undefined = Object.hasOwn(flowSolvers, solver)
    ? flowSolvers[solver]
    : undefined;
  if (!chosen)
    throw argumentError(
      `solver is "${solver}"; expected one of ${Object.keys(flowSolvers).join(", ")}`,
    );
  checkTimes(times);
  for (const [name, value] of Object.entries({ rtol, atol, step_size }))
    if (!(Number.isFinite(value) && value > 0))
      throw argumentError(`${name} is ${value}; expected a positive number`);
  if (times.length === 1) return { states: stack([x]), nfe: 0 };
  const options = { rtol, atol, step_size, overshoot };
  const flow = chosen(field, x, times, options);
  if (!allFinite(flow.states)) {
    flow.states.dispose();
    throw notFiniteError(
      `${solver} left the finite numbers between the times ${times[0]} and ${times[times.length - 1]}; check the network's weights, or take smaller steps`,
    );
  }
  return flow;
}

function checkTimes(times: readonly number[]): void {
  const [first, second] = times;
  const way = Math.sign((second ?? 1) - (first ?? 0));
  const fine =
    times.length > 0 &&
    times.every(Number.isFinite) &&
    times.every((t, i) => i === 0 || Math.sign(t - times[i - 1]) === way) &&
    (times.length === 1 || way !== 0);
  if (!fine)
    throw argumentError(
      `times are [${times}]; expected finite numbers that only grow or only fall`,
    );
}

// What follows an ordinary differential equation dx/dt = v(x, t): solvers that differ in how they choose their
// steps, behind one function.
import { type Tensor, tidy } from "@dsbm/torch";
import { argumentError } from "../core/errors.js";
import { oneTime } from "../core/one-time.js";
import type { Field } from "./solver.js";

/** A flow's states at the requested times, and the evaluations that they needed. */
export interface Flow {
  /** [T, B, …]; the first is the start. */
  states: Tensor;
  /** Number of evaluations of the field. */
  nfe: number;
}

/** How a flow is followed; names and defaults are those of the reference's configuration and of torchdiffeq. */
export interface FlowOptions {
  /** Error allowed a step, relative to the state (adaptive solvers; default 1e-5). */
  rtol?: number;
  /** Error allowed a step, absolute (adaptive solvers; default 1e-5). */
  atol?: number;
  /** Longest step (fixed-step solvers; default 0.01). */
  step_size?: number;
  /** First step to try (adaptive solvers; default: from the field at the start). */
  first_step?: number | null;
  /** Steps, refused ones included, after which an adaptive solver gives up (default 10,000). */
  max_num_steps?: number;
  /**
   * Let the last step pass the last time and read the state there from its polynomial, as torchdiffeq does
   * (adaptive solvers; default: the last step ends there, and the field is not evaluated beyond).
   */
  overshoot?: boolean;
}

/** States at `times` (monotone, at least two) from x at the first of them. */
export type FlowSolver = (
  field: Field,
  x: Tensor,
  times: readonly number[],
  options: Required<FlowOptions>,
) => Flow;

/** A field that counts its evaluations, at one time for the whole batch. */
export interface CountedField {
  at(x: Tensor, time: number): Tensor;
  readonly nfe: number;
}

/** Counts the evaluations of a field. `at` throws a BridgeError for a result of another shape than x. */
export function counted(field: Field): CountedField {
  let nfe = 0;
  return {
    at(x, time) {
      nfe++;
      const v = tidy(() => field(x, oneTime(x, time)));
      const [got, want] = [v.shape, x.shape];
      if (got.length !== want.length || got.some((size, i) => size !== want[i]))
        throw argumentError(
          `the field gave [${got}] for points of [${want}]; expected the same shape`,
        );
      return v;
    },
    get nfe() {
      return nfe;
    },
  };
}

/** 1 where times grow, −1 where they fall. */
export function timeSign(times: readonly number[]): 1 | -1 {
  return (times[1] as number) > (times[0] as number) ? 1 : -1;
}

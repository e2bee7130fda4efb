import { type Tensor, tidy } from "@dsbm/torch";
import { argumentError } from "../core/errors.js";
import { oneTime } from "../core/one-time.js";
import type { Field } from "./solver.js";

/** A solution of an ODE. */
export interface Flow {
  /** [T, B, …]; the first is the start. */
  states: Tensor;
  /** Evaluations of the field. */
  nfe: number;
}

/** Names and defaults follow the reference and torchdiffeq. */
export interface FlowOptions {
  /** Relative error of an adaptive step (default 1e-5). */
  rtol?: number;
  /** Absolute error of an adaptive step (default 1e-5). */
  atol?: number;
  /** Longest fixed step (default 0.01). */
  step_size?: number;
  /** The last adaptive step may pass the last time, as in torchdiffeq (default: it ends there). */
  overshoot?: boolean;
}

/** States at monotone `times` from x at the first of them. */
export type FlowSolver = (
  field: Field,
  x: Tensor,
  times: readonly number[],
  options: Required<FlowOptions>,
) => Flow;

/** Counts evaluations, at one time for the whole batch. */
export interface CountedField {
  at(x: Tensor, time: number): Tensor;
  readonly nfe: number;
}

/** Counts a field's evaluations. `at` throws a BridgeError for a result of another shape than x. */
export function countEvaluations(field: Field): CountedField {
  let nfe = 0;
  return {
    at(x, time) {
      nfe++;
      const v = tidy(() => field(x, oneTime(x, time)));
      const got = v.shape;
      const want = x.shape;
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

/** 1 if the times rise, −1 if they fall. */
export function timeSign(times: readonly number[]): 1 | -1 {
  return times[1] > times[0] ? 1 : -1;
}

// What a model in closed form is conditioned on: classes, for each of which it has parameters of its own, or numbers, which
// its parameters are affine in. Given a condition the closed form is the same as without.
import type { Tensor } from "@dsbm/torch";
import type { Conditions } from "../core/conditions.js";
import { argumentError } from "../core/errors.js";

/** The conditions of samples: so many classes (`y`, or `cond` [B, classes] with a 1), or so many numbers (`cond`). */
export interface ConditionKind {
  classes: number;
  numbers: number;
}

export const unconditioned: ConditionKind = { classes: 0, numbers: 0 };

const missing = (name: string, wanted: string): never => {
  throw argumentError(`${name}: got no condition; expected ${wanted}`);
};

/** The class of each row, int64 [B]. Throws a BridgeError for rows without. */
export function classOf(name: string, given: Conditions | undefined, classes: number): Tensor {
  const { y, cond } = given ?? {};
  if (!y && cond?.size(1) !== classes) missing(name, `classes, or a condition [B, ${classes}]`);
  return y ?? (cond as Tensor).argmax({ dim: 1 });
}

/** The numbers of each row, [B, c]. Throws a BridgeError for rows without. */
export function numbersOf(name: string, given: Conditions | undefined, numbers: number): Tensor {
  const cond = given?.cond;
  if (cond?.ndim !== 2 || cond.size(1) !== numbers) missing(name, `a condition [B, ${numbers}]`);
  return cond as Tensor;
}

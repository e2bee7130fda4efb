// Conditions of closed-form models: classes with parameters of their own, or numbers that parameters are affine in.
import type { Tensor } from "@dsbm/torch";
import type { Conditions } from "../core/conditions.js";
import { argumentError } from "../core/errors.js";

/** Classes (`y`, or one-hot `cond` [B, classes]) or numbers (`cond`). */
export interface ConditionKind {
  /** The number of classes; 0 without. */
  classes: number;
  /** Numbers of each row; 0 without. */
  numbers: number;
}

export const unconditioned: ConditionKind = { classes: 0, numbers: 0 };

const missing = (name: string, wanted: string): never => {
  throw argumentError(`${name}: got no condition; expected ${wanted}`);
};

/** The class of each row, int64 [B]. Throws a BridgeError for rows without a class. */
export function classOf(name: string, conditions: Conditions | undefined, classes: number): Tensor {
  const { y, cond } = conditions ?? {};
  if (!y && cond?.size(1) !== classes) missing(name, `classes, or a condition [B, ${classes}]`);
  return y ?? cond!.argmax({ dim: 1 });
}

/** The numbers of each row, [B, c]. Throws a BridgeError for rows without numbers. */
export function numbersOf(
  name: string,
  conditions: Conditions | undefined,
  numbers: number,
): Tensor {
  const cond = conditions?.cond;
  if (cond?.ndim !== 2 || cond.size(1) !== numbers) missing(name, `a condition [B, ${numbers}]`);
  return cond!;
}

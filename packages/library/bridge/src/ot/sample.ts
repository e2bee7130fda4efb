import { searchsorted, Tensor, tensor, tidy } from "@dsbm/torch";
import { argumentError } from "../core/errors.js";
import type { SparsePlan } from "./plan.js";

/** x0[rows[k]] is paired with x1[columns[k]]. */
export interface IndexPairs {
  rows: Int32Array;
  columns: Int32Array;
}

/**
 * Draws pairs with replacement from a plan or matrix [n, m]: for each of `uniforms` in [0, 1) the first entry whose
 * running sum passes its share of the mass.
 * @throws {BridgeError} for a bad plan.
 */
export function samplePairs(plan: SparsePlan | Tensor, uniforms: Float64Array): IndexPairs {
  const drawn = tidy(() => {
    const mass = plan instanceof Tensor ? plan.reshape([-1]) : tensor(plan.mass);
    const running = mass.cumsum(0);
    const sum = running.narrow(0, -1, 1);
    const whole = sum.item();
    const isMass = (m: number) => m >= 0 && m < Number.POSITIVE_INFINITY;
    if (!isMass(mass.amin().item()) || !isMass(whole)) {
      const entries = mass.toNumbers();
      const k = entries.findIndex((m) => !isMass(m));
      throw argumentError(`plan entry ${k} is ${entries[k]}: expected a finite mass of at least 0`);
    }
    if (whole === 0) throw argumentError("plan has no mass: nothing to draw");
    const targets = tensor(uniforms, { device: mass.device }).mul(sum);
    // Rounded, the largest number may be the sum itself.
    const last = searchsorted(running, sum);
    return searchsorted(running, targets, { right: true }).minimum(last).toNumbers();
  });
  if (!(plan instanceof Tensor))
    return {
      rows: Int32Array.from(drawn, (k) => plan.rows[k]),
      columns: Int32Array.from(drawn, (k) => plan.columns[k]),
    };
  const m = plan.size(1);
  return {
    rows: Int32Array.from(drawn, (k) => Math.floor(k / m)),
    columns: Int32Array.from(drawn, (k) => k % m),
  };
}

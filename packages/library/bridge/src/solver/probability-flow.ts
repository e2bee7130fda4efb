import { argumentError } from "../core/errors.js";
import type { Field } from "./solver.js";

/**
 * dx/dt = (drift_f − drift_b)/2, or drift_f, or −drift_b with one direction (Song 2021, §4.3; Shi 2023), at times
 * clamped to [eps, 1 − eps] (default 1e-4), since bridge drifts have poles at the ends.
 * @throws {BridgeError} without a drift, or unless 0 ≤ eps < 1/2.
 */
export function probabilityFlow({
  forward = null,
  backward = null,
  eps = 1e-4,
}: {
  forward?: Field | null;
  backward?: Field | null;
  eps?: number | undefined;
}): Field {
  if (!(eps >= 0 && eps < 0.5))
    throw argumentError(`eps is ${eps}; expected a number from 0 to below 0.5`);
  const velocity = velocityOf(forward, backward);
  return (x, t) => velocity(x, t.clamp({ min: eps, max: 1 - eps }));
}

function velocityOf(forward: Field | null, backward: Field | null): Field {
  if (forward && backward) return (x, t) => forward(x, t).sub(backward(x, t)).mul(0.5);
  if (backward) return (x, t) => backward(x, t).neg();
  if (forward) return forward;
  throw argumentError(
    "a probability flow needs the drift of at least one direction; give forward, backward or both",
  );
}

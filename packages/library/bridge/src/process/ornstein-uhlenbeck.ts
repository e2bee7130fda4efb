import type { Tensor } from "@dsbm/torch";
import { argumentError } from "../core/errors.js";
import { brownian } from "./brownian.js";
import { type ReferenceProcess, spread } from "./process.js";

/**
 * dX = −α X dt + σ dW forward, α = ½ as the reference's `vp`. Pinned at x1 its drift is −α x/tanh(α(1−t)) + α
 * x1/sinh(α(1−t)), pinned at x0 backward the same in t. Bridge points are Brownian (as in the reference). Throws a
 * BridgeError unless σ > 0.
 */
export function ornsteinUhlenbeck({
  sigma = 1,
  alpha = 0.5,
}: {
  sigma?: number;
  alpha?: number;
} = {}): ReferenceProcess {
  if (!(alpha > 0 && Number.isFinite(alpha) && sigma > 0))
    throw argumentError(`alpha is ${alpha} and sigma ${sigma}; expected positive numbers`);
  const line = brownian({ sigma });
  const driftTo: ReferenceProcess["driftTo"] = (direction, { x, t, end }) => {
    const left = spread(direction === "f" ? t.rsub(1) : t, x).mul(alpha);
    return end.div(left.sinh()).sub(x.div(left.tanh())).mul(alpha);
  };
  const own = (direction: "f" | "b", x: Tensor) => x.mul(direction === "f" ? -alpha : alpha);
  const far = Math.exp(-alpha);
  return {
    name: "ornstein-uhlenbeck",
    sigma,
    bridge: line.bridge,
    target(direction, { x0, x1, t, z }) {
      const x = line.bridge({ x0, x1, t, z });
      const end = direction === "f" ? x1 : x0;
      return driftTo(direction, { x, t, end }).sub(own(direction, x));
    },
    driftTo,
    own,
    scale: line.scale,
    // Backward, the time reversal at the stationary law has the same transition.
    endpoint: (_direction, x, z) =>
      x.mul(far).add(z.mul(sigma * Math.sqrt((1 - far * far) / (2 * alpha)))),
  };
}

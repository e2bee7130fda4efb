import type { Tensor } from "@dsbm/torch";
import { argumentError } from "../core/errors.js";
import { brownian } from "./brownian.js";
import { asColumn, type ReferenceProcess } from "./process.js";

const alpha = 0.5;

/**
 * dX = −α X dt + σ dW forward, α = ½ as the reference's `vp`. Pinned at x1 its drift is −α x/tanh(α(1−t)) + α
 * x1/sinh(α(1−t)), pinned at x0 backward the same in t. Bridge points are Brownian (as in the reference).
 * @throws {BridgeError} unless σ > 0.
 */
export function ornsteinUhlenbeck({ sigma = 1 }: { sigma?: number } = {}): ReferenceProcess {
  if (!(sigma > 0)) throw argumentError(`sigma is ${sigma}; expected a positive number`);
  const line = brownian({ sigma });
  const driftTo: ReferenceProcess["driftTo"] = (direction, { x, t, end }) => {
    const left = asColumn(direction === "f" ? t.rsub(1) : t, x).mul(alpha);
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

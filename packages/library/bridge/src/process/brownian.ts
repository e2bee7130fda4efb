import { brownianBridge, type Tensor } from "@dsbm/torch";
import { argumentError } from "../core/errors.js";
import { asColumn, type ReferenceProcess } from "./process.js";

/**
 * Brownian motion with variance σ² over [0, 1]: x_t = (1−t) x0 + t x1 + σ√(t(1−t)) z; drift to x1 (x1 − x_t)/(1−t), to
 * x0 (x0 − x_t)/t (Shi et al. 2023, §3). σ = 0 is rectified flow's straight line.
 * @throws {BridgeError} for σ < 0.
 */
export function brownian({ sigma = 1 }: { sigma?: number } = {}): ReferenceProcess {
  if (!Number.isFinite(sigma) || sigma < 0)
    throw argumentError(`sigma is ${sigma}; expected a finite number of at least 0`);
  return {
    name: "brownian",
    sigma,
    bridge({ x0, x1, t, z }) {
      const s = asColumn(t, x0);
      const line = x0.lerp(x1, s);
      return sigma === 0 ? line : line.addcmul(s.rsub(1).mul(s).sqrt(), z, { value: sigma });
    },
    target(direction, { x0, x1, t, z }) {
      const way = direction === "f" ? x1.sub(x0) : x0.sub(x1);
      if (sigma === 0) return way;
      const s = asColumn(t, x0);
      const r = s.rsub(1);
      const ratio = direction === "f" ? s.div(r) : r.div(s);
      return way.addcmul(ratio.sqrt(), z, { value: -sigma });
    },
    bridgeAndTarget(direction, sample) {
      const fits = (x: Tensor) => x.device === "cpu" && x.dtype === "float32";
      if (sigma === 0 || ![sample.x0, sample.x1].every(fits)) return null;
      return brownianBridge(sample, { sigma, forward: direction === "f" });
    },
    driftTo(direction, { x, t, end }) {
      const s = asColumn(t, x);
      return end.sub(x).div(direction === "f" ? s.rsub(1) : s);
    },
    own: null,
    scale: (direction, t): Tensor => (direction === "f" ? t.rsub(1) : t).sqrt().mul(sigma),
    endpoint: (_direction, x, z) => x.add(z.mul(sigma)),
  };
}

/**
 * Checks the reference process of a method for Brownian motion.
 * @throws {BridgeError} for a reference process with a drift of its own.
 */
export function checkBrownian(method: string, { own, name }: ReferenceProcess): void {
  if (own)
    throw argumentError(
      `${method} is for Brownian motion, got the reference process ${name}; write sde=ve`,
    );
}

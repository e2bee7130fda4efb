// Schrödinger-bridge conditional flow matching (Tong et al. 2024): entropic plans inside batches, and the
// velocity of the Brownian bridge's marginals.

import type { Pairs } from "../core/batch.js";
import { endOf } from "../core/direction.js";
import { independent } from "../coupling/independent.js";
import { minibatchEntropic } from "../coupling/minibatch.js";
import { spread } from "../process/process.js";
import type { Method } from "./method.js";

export const sbcfm = {
  name: "sbcfm",
  predicts: "velocity",
  networks: "shared",
  keepOptimizer: true,
  eps: 1e-3,
  rows: {
    pairs: true,
    simulation: "never",
    coupling: ({ sigma }) => minibatchEntropic({ reg: 2 * sigma ** 2 }),
    make: ({ direction, data, matching, generator }) =>
      independent(data, generator, { to: endOf(direction), matching }),
  },
  regression({ x0, x1 }, { process, t, noise }) {
    const z = noise(x0);
    const s = spread(t, x0);
    const r = s.rsub(1);
    // d/dt of (1−t) x0 + t x1 + σ√(t(1−t)) z would be x1 − x0 + σ(1−2t)/(2√(t(1−t))) z: the same, rewritten.
    const slope = s.sqrt().div(r.sqrt()).sub(s.mul(r).sqrt().mul(2).reciprocal());
    return {
      x: process.bridge({ x0, x1, t, z }),
      t,
      target: x1.sub(x0).sub(slope.mul(process.sigma).mul(z)),
    };
  },
} satisfies Method<Pairs>;

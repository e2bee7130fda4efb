// SB-CFM (Tong et al. 2024): the velocity of bridge marginals on entropic plans inside batches.

import type { Pairs } from "../core/batch.js";
import { targetOf } from "../core/direction.js";
import { independent } from "../coupling/independent.js";
import { minibatchEntropic } from "../coupling/minibatch.js";
import { asColumn } from "../process/process.js";
import type { Method } from "./method.js";
import { finiteTimes, outputOptions } from "./options.js";

/** SB-CFM: the flow of the bridge from entropic minibatch pairs (Tong et al. 2024). */
export const sbcfm = {
  name: "sbcfm",
  title: "Schrödinger bridge conditional flow matching",
  predicts: "velocity",
  networks: "shared",
  keepOptimizer: true,
  eps: 1e-3,
  takes: {
    ignored: [...outputOptions, "ot_sampler"],
    refused: finiteTimes("sbcfm"),
  },
  guide: [{ title: "SB-CFM", use: "a flow from entropic pairs", lack: "no SDE", result: "sb_cfm" }],
  rows: {
    pairs: true,
    simulation: "never",
    coupling: ({ sigma }) => minibatchEntropic({ reg: 2 * sigma ** 2 }),
    make: ({ direction, data, matching, generator }) =>
      independent(data, generator, { to: targetOf(direction), matching }),
  },
  regression({ x0, x1 }, { process, t, noise }) {
    const z = noise(x0);
    const s = asColumn(t, x0);
    const r = s.rsub(1);
    // x1 − x0 + σ(1−2t)/(2√(t(1−t))) z, rewritten.
    const slope = s.sqrt().div(r.sqrt()).sub(s.mul(r).sqrt().mul(2).reciprocal());
    return {
      x: process.bridge({ x0, x1, t, z }),
      t,
      target: x1.sub(x0).sub(slope.mul(process.sigma).mul(z)),
    };
  },
} satisfies Method<Pairs>;

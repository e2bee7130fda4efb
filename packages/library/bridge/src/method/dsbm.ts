// Diffusion Schrödinger bridge matching (Shi et al. 2023, Algorithm 1): IPF with the first coupling `ref`, IMF with
// `ind`.
import type { Pairs } from "../core/batch.js";
import { targetOf } from "../core/direction.js";
import type { Endpoints } from "../core/endpoints.js";
import { reference, simulatedPairs } from "../coupling/from-one-end.js";
import { independent } from "../coupling/independent.js";
import { keepKnownPairs } from "../coupling/known.js";
import { bridgeAndTarget } from "../process/process.js";
import type { Method } from "./method.js";
import { finiteTimes } from "./options.js";

/** Diffusion Schrödinger Bridge Matching (Shi et al. 2023). */
export const dsbm = {
  name: "dsbm",
  title: "diffusion Schrödinger bridge matching",
  predicts: "drift",
  networks: "each",
  eps: 1e-3,
  takes: {
    options: ["precondition", "step_variance=analytic", "match_moments"],
    refused: finiteTimes("dsbm"),
  },
  guide: [
    {
      preset: "dbdsb",
      title: "DSBM",
      use: "vectors, images, conditions",
      lack: "simulates pairs from the second iteration on",
      result: "dsbm_imf_ot",
    },
  ],
  rows: {
    pairs: true,
    chains: true,
    firstCoupling: true,
    make(context) {
      const { direction, newest, data, matching, process, firstCoupling, generator } = context;
      if (newest !== null) return simulatedPairs(newest, data, context.simulate);
      const independentPairs = () =>
        independent(data, generator, { to: targetOf(direction), matching });
      if (firstCoupling === "ind") return independentPairs();
      const fromOneEnd = (ends: Endpoints) => reference(direction, ends, process, generator);
      if (!data.known && !matching?.known) return fromOneEnd(data);
      const pairs = independentPairs();
      return keepKnownPairs(pairs, fromOneEnd({ x0: pairs.x0, x1: pairs.x1 }));
    },
  },
  regression({ x0, x1 }, { direction, process, t, meanMatch, noise }) {
    const sample = { x0, x1, t, z: noise(x0) };
    if (meanMatch) return { x: process.bridge(sample), t, target: direction === "f" ? x1 : x0 };
    const [x, target] = bridgeAndTarget(process, direction, sample);
    return { x, t, target };
  },
} satisfies Method<Pairs>;

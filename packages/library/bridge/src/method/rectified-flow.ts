// Rectified flow (Liu et al. 2023); with exact transport within batches it is OT-CFM (Tong et al. 2024).
import type { Pairs } from "../core/batch.js";
import { targetOf } from "../core/direction.js";
import { simulatedPairs } from "../coupling/from-one-end.js";
import { independent } from "../coupling/independent.js";
import { addBends } from "../model/mean-path.js";
import { brownian } from "../process/brownian.js";
import type { Method } from "./method.js";
import { outputOptions, pathOptions } from "./options.js";

const line = brownian({ sigma: 0 });

/** Rectified flow: straight paths between the pairs of the flow before (Liu et al. 2023). */
export const rectifiedflow = {
  name: "rectifiedflow",
  title: "rectified flow",
  predicts: "velocity",
  networks: "shared",
  keepOptimizer: true,
  learns: "pairs",
  straight: true,
  eps: 0,
  takes: {
    options: ["match_moments", ...pathOptions, "path_potential", "shortcut"],
    ignored: outputOptions,
  },
  guide: [
    {
      preset: "otcfm",
      use: "samples without noise, fast",
      lack: "no SDE and no bridge",
      result: "ot_cfm",
    },
    {
      preset: "rf",
      use: "a flow from independent pairs, with reflow",
      lack: "no SDE and no bridge",
      result: "rectified_flow",
    },
  ],
  rows: {
    pairs: true,
    chains: true,
    make: ({ direction, newest, data, matching, generator, simulate }) =>
      newest === null
        ? independent(data, generator, { to: targetOf(direction), matching })
        : simulatedPairs(newest, data, simulate),
  },
  regression(pairs, { t, network }) {
    const { x0, x1 } = pairs;
    const sample = { x0, x1, t, z: x0 };
    const straight = { x: line.bridge(sample), velocity: line.target("f", sample) };
    const { x, velocity: target } = addBends(straight, pairs, { network, t });
    return { x, t, target };
  },
} satisfies Method<Pairs>;

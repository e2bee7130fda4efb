// Rectified flow (Liu et al. 2023): straight lines between pairs, then reflow on the pairs that the flow makes.

import { endOf } from "../core/direction.js";
import { independent } from "../coupling/independent.js";
import { simulated } from "../coupling/simulated.js";
import { brownian } from "../process/brownian.js";
import { asPairs, asRows, type Method } from "./method.js";

const line = brownian({ sigma: 0 });

export const rectifiedflow: Method = {
  name: "rectifiedflow",
  predicts: "velocity",
  networks: "shared",
  optimizer: "kept",
  eps: 0,
  pairs: true,
  epoch({ direction, newest, data, matching, generator, simulate }) {
    if (newest === null)
      return asRows(independent(data, generator, { to: endOf(direction), matching }));
    return asRows(simulated(newest, data, simulate));
  },
  regression(rows, { t }) {
    const { x0, x1 } = asPairs(rows);
    const sample = { x0, x1, t, z: x0 };
    return { x: line.bridge(sample), t, target: line.target("f", sample) };
  },
};

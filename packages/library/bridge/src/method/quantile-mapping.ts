import type { Batch } from "../core/batch.js";
import { QuantileMap } from "../model/quantile-map.js";
import type { Method } from "./method.js";
import { outputOptions, pairOptions } from "./options.js";

/** Quantile mapping of each column or cell on its own, the usual bias correction of climate models (Cannon 2015). */
export const quantile_mapping = {
  name: "quantile_mapping",
  title: "quantile mapping",
  predicts: "velocity",
  networks: "shared",
  learns: "columns",
  straight: true,
  eps: 0,
  onnx: false,
  takes: { ignored: [...outputOptions, ...pairOptions], conditions: false },
  guide: [
    {
      use: "a baseline of bias correction, in seconds",
      lack: "columns stay as dependent as they are",
    },
  ],
  model: {
    type: QuantileMap,
    create: ({ shape }) => new QuantileMap(shape),
    fit({ network, data }) {
      (network as QuantileMap).fit(data.x0, data.x1);
      return 0;
    },
  },
} satisfies Method<Batch>;

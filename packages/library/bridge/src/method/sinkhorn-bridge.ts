import type { Batch } from "../core/batch.js";
import { PointBridge } from "../model/point-bridge.js";
import type { Method } from "./method.js";
import { outputOptions, pairOptions } from "./options.js";

/** The bridge between the training rows themselves, in closed form from potentials of entropic transport. */
export const sinkhorn_bridge = {
  name: "sinkhorn_bridge",
  title: "Sinkhorn bridge",
  predicts: "drift",
  networks: "each",
  onlyBrownian: true,
  eps: 0,
  takes: { ignored: [...outputOptions, ...pairOptions], conditions: false },
  guide: [
    {
      use: "a baseline",
      lack: "ends on training samples; cost grows with their number",
    },
  ],
  model: {
    type: PointBridge,
    predictsEnd: true,
    create: ({ shape, direction }) => new PointBridge(shape, direction),
    fit: ({ network, data, process }) => (network as PointBridge).fit(data, process.sigma ** 2),
  },
} satisfies Method<Batch>;

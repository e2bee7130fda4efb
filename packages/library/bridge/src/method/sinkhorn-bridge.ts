import type { Batch } from "../core/batch.js";
import { PointBridge } from "../model/point-bridge.js";
import type { Method } from "./method.js";

export const sinkhorn_bridge = {
  name: "sinkhorn_bridge",
  predicts: "drift",
  networks: "each",
  onlyBrownian: true,
  eps: 0,
  model: {
    type: PointBridge,
    predictsEnd: true,
    create: ({ shape, direction }) => new PointBridge(shape, direction),
    fit: ({ network, data, process }) => (network as PointBridge).fit(data, process.sigma ** 2),
  },
} satisfies Method<Batch>;

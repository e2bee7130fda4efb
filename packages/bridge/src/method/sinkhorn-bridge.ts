// The Sinkhorn bridge (Pooladian and Niles-Weed 2024): the bridge between the training samples themselves.
import type { Batch } from "../core/batch.js";
import { PointBridge } from "../model/point-bridge.js";
import { onlyBrownian } from "../process/brownian.js";
import type { Method } from "./method.js";

export const sinkhorn_bridge = {
  name: "sinkhorn_bridge",
  predicts: "drift",
  predictsEnd: true,
  networks: "each",
  optimizer: "renewed",
  eps: 0,
  pairs: false,
  modelClass: PointBridge,
  model: ({ shape, direction, conditions }) => new PointBridge(shape, direction, conditions),
  fit({ network, data, process }) {
    onlyBrownian("sinkhorn_bridge", process);
    return (network as PointBridge).fit(data, process.sigma ** 2);
  },
} satisfies Method<Batch>;

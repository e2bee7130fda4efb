// The network of a configuration (`model=…`), with weights that are a function of the seed.

import { type Direction, type Network, stream } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { createNetwork } from "@dsbm/nets";
import type { Device } from "@dsbm/torch";
import { UsageError } from "../terminal/errors.js";

/** A new network for a direction; its weights are a function of seed, direction and (from 2 on) half-iteration; `classes` are those of the data. */
export function buildNetwork(
  config: CompleteTrainConfig,
  direction: Direction,
  { half = 1, classes }: { half?: number | undefined; classes: number },
): Network {
  const { model, data, seed, device } = config;
  if (model.name === "MLP")
    throw new UsageError("model=MLP is for vectors, which dsbm train has not yet");
  const purpose = half > 1 ? `init/${direction}/${half}` : `init/${direction}`;
  const net = createNetwork({
    model,
    shape: [data.channels, data.image_size, data.image_size],
    cond_channels: data.cond_channels,
    classes,
    direction,
    generator: stream(seed, purpose),
  });
  return device === "cpu" ? net : net.to({ device: device as Device });
}

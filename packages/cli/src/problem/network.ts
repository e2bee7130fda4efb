// The network of a configuration (`model=…`), with weights that are a function of the seed.
import { type Direction, type Network, stream } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { createNetwork } from "@dsbm/nets";
import type { Device } from "@dsbm/torch";

/** What the data say of a network. */
export interface NetworkFacts {
  /** The half-iteration that it begins with, where each begins with new weights. */
  half?: number | undefined;
  /** Classes of the data. */
  classes: number;
  /** The shape of a sample. */
  shape: readonly number[];
}

/** A new network for a direction; its weights are a function of seed, direction and (from 2 on) half-iteration. */
export function buildNetwork(
  { model, data, seed, device }: CompleteTrainConfig,
  direction: Direction,
  { half = 1, classes, shape }: NetworkFacts,
): Network {
  const purpose = half > 1 ? `init/${direction}/${half}` : `init/${direction}`;
  const net = createNetwork({
    ...{ model, shape, classes, direction },
    cond_channels: data.cond_channels,
    generator: stream(seed, purpose),
  });
  return device === "cpu" ? net : net.to({ device: device as Device });
}

// The network of a configuration (`model=…`), with weights that are a function of the seed.
import { type Direction, type Method, type Network, stream } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { createNetwork } from "@dsbm/nets";
import type { Device } from "@dsbm/torch";

/** What data and method say of a network. */
export interface NetworkFacts {
  /** The half-iteration that it begins with, where each begins with new weights. */
  half?: number | undefined;
  /** Classes of the data. */
  classes: number;
  /** The shape of a sample. */
  shape: readonly number[];
  /** Numbers of the condition of columns of tables; of other data the configuration says it. */
  conditions?: number | undefined;
  /** The method, which may have a model of its own. */
  method: Pick<Method, "model" | "networks">;
}

/** A new network for a direction; its weights are a function of seed, direction and (from 2 on) half-iteration. */
export function buildNetwork(
  { model, data, seed, device }: CompleteTrainConfig,
  direction: Direction,
  { half = 1, classes, shape, conditions, method }: NetworkFacts,
): Network {
  const purpose = half > 1 ? `init/${direction}/${half}` : `init/${direction}`;
  const facts = { shape, direction, generator: stream(seed, purpose) };
  const create = ({ bidirectional = false } = {}) =>
    createNetwork({
      ...{ ...facts, bidirectional, model, classes },
      cond_channels: conditions || data.cond_channels,
    });
  const net =
    method.model?.({ ...facts, create }) ??
    create({ bidirectional: method.networks === "bidirectional" });
  return device === "cpu" ? net : net.to({ device: device as Device });
}

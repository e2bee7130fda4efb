// A configuration as a network with its first weights.
import {
  ConditionDropout,
  type Direction,
  type Method,
  type Network,
  stream,
  withAbsoluteTime,
  withNoiseShare,
} from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { configChain } from "@dsbm/datasets";
import { createNetwork } from "@dsbm/nets";
import type { Device } from "@dsbm/torch";

interface NetworkFacts {
  half?: number | undefined;
  classes: number;
  shape: readonly number[];
  conditions?: number | undefined;
  method: Pick<Method, "model" | "networks" | "mass">;
}

/** Its weights are a function of seed, direction and (from 2 on) half-iteration. */
export function buildNetwork(
  config: CompleteTrainConfig,
  direction: Direction,
  { half = 1, classes, shape: sample, conditions, method }: NetworkFacts,
): Network {
  const { model, data, seed, device, condition_dropout: rate, step_variance } = config;
  const purpose = half > 1 ? `init/${direction}/${half}` : `init/${direction}`;
  const chain = configChain(config) ?? undefined;
  const shape = method.mass ? [sample[0] + 1] : sample;
  const facts = { shape, direction, chain, generator: stream(seed, purpose) };
  const channels = conditions || data.cond_channels;
  const create = ({ bidirectional = false, unit = false, zero = false, noise = false } = {}) => {
    const request = { ...facts, bidirectional, unit, zero, model };
    const cond_channels = noise ? channels + (shape[0] ?? 0) : channels;
    if (rate === 0) return createNetwork({ ...request, classes, cond_channels });
    const net = createNetwork({
      ...request,
      classes: classes + 1,
      cond_channels: channels > 0 ? channels + 1 : 0,
    });
    return new ConditionDropout(net, { rate, classes });
  };
  const net =
    method.model?.create({ ...facts, createNetwork: create }) ??
    withAbsoluteTime(create({ bidirectional: method.networks === "bidirectional" }), chain);
  if (step_variance === "analytic") withNoiseShare(net, method.networks);
  return device === "cpu" ? net : net.to({ device: device as Device });
}

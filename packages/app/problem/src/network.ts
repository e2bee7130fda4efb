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
import { type ColumnCondition, conditionWidth } from "@dsbm/data";
import { configChain } from "@dsbm/datasets";
import { createNetwork, type FieldInputs, GridNetwork, type NetworkRequest } from "@dsbm/nets";
import type { Device } from "@dsbm/torch";

interface NetworkFacts {
  half?: number | undefined;
  classes: number;
  shape: readonly number[];
  /** Numbers or channels of a condition (`conditionCount`; default 0). */
  conditions?: number | undefined;
  /** Season, static fields and missing cells of networks of fields; null or undefined without any. */
  fields?: FieldInputs | null | undefined;
  method: Pick<Method, "model" | "networks" | "mass">;
}

/** Its weights are a function of seed, direction and (from 2 on) half-iteration. */
export function buildNetwork(
  config: CompleteTrainConfig,
  direction: Direction,
  { half = 1, classes, shape: sample, conditions: channels = 0, fields, method }: NetworkFacts,
): Network {
  const { model, seed, device, condition_dropout: rate, step_variance } = config;
  const purpose = half > 1 ? `init/${direction}/${half}` : `init/${direction}`;
  const chain = configChain(config) ?? undefined;
  const shape = method.mass ? [sample[0] + 1] : sample;
  const facts = { shape, direction, chain, generator: stream(seed, purpose) };
  const create = ({
    bidirectional = false,
    unit = false,
    zero = false,
    channels: more = 0,
  } = {}) => {
    const request = { ...facts, bidirectional, unit, zero, model };
    const cond_channels = channels + more;
    if (rate === 0) return newNetwork({ ...request, classes, cond_channels }, fields);
    const marked = { classes: classes + 1, cond_channels: channels > 0 ? channels + 1 : 0 };
    const net = newNetwork({ ...request, ...marked }, fields);
    return new ConditionDropout(net, { rate, classes });
  };
  const net =
    method.model?.create({ ...facts, createNetwork: create }) ??
    withAbsoluteTime(create({ bidirectional: method.networks === "bidirectional" }), chain);
  if (step_variance === "analytic") withNoiseShare(net, method.networks);
  return device === "cpu" ? net : net.to({ device: device as Device });
}

/** A network, of fields with their further inputs. */
function newNetwork(request: NetworkRequest, fields: NetworkFacts["fields"]): Network {
  if (!fields) return createNetwork(request);
  const { cond_channels = 0 } = request;
  return new GridNetwork(fields, (more) =>
    createNetwork({ ...request, cond_channels: cond_channels + more }),
  );
}

/** The numbers or channels of a condition of rows; 0 without one. */
export const conditionCount = (
  { cdsb, data }: CompleteTrainConfig,
  { columns }: { columns: { condition: ColumnCondition | null } | null },
): number =>
  conditionWidth(columns?.condition ?? null) || (cdsb ? data.cond_channels : Number(data.season));

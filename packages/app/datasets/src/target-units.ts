// The units of the target's fields, to which the other fields are converted.
import type { Endpoint } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { type ChannelUnits, fieldsPrefix, loadTable } from "@dsbm/data";
import { tidy } from "@dsbm/torch";
import { loadOptions } from "./dataset.js";

/**
 * The units of the target's fields; undefined for the target itself and for other data.
 * @throws {DatasetError} unless the target is prepared.
 */
export function targetUnits(
  config: CompleteTrainConfig,
  { end, between }: { end: Endpoint; between: number | undefined },
): ChannelUnits | undefined {
  const { Dataset_transfer: target, transfer } = config;
  const isTarget = end === "x1" && between === undefined;
  if (isTarget || !transfer || !target?.startsWith(fieldsPrefix)) return undefined;
  const { fields } = tidy(() => loadTable(target, loadOptions("train", "x1", config)));
  return fields?.grid.channels.map(({ units }) => units);
}

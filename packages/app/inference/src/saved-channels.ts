// The channels of a run of fields, from fields.json.
import type { CompleteTrainConfig } from "@dsbm/config";
import { decodeBits, fieldsPrefix, hullOf, limitsOf } from "@dsbm/data";
import type { Channels } from "@dsbm/datasets";
import { readFieldsFile } from "@dsbm/runs";
import { savedFacts } from "./saved-facts.js";

/** The channels of a run of fields. */
export type RunChannels = Omit<Channels, "description">;

/**
 * Null for a run of other data.
 * @throws {ConfigError} if fields.json is missing or damaged.
 */
export function readChannels(
  folder: string,
  { Dataset, data }: Pick<CompleteTrainConfig, "Dataset" | "data">,
): RunChannels | null {
  if (!Dataset.startsWith(fieldsPrefix)) return null;
  const saved = savedFacts(folder, { name: "fields.json", parts: "fields", read: readFieldsFile });
  const { channels, grid, axes, size, masked, statics, transform } = saved;
  const target = channels.flatMap(({ range }) => range.target ?? []);
  const bounds = {
    source: channels.map(({ range }) => range.source),
    target: target.length > 0 ? target : null,
    all: channels.map(({ range: { source, target } }) => hullOf([source, target ?? source])),
    whole: channels.map(() => false),
  };
  const names = channels.map(({ source }) => source.name);
  return {
    source: channels.map((channel) => channel.source),
    target: channels.map((channel) => channel.target),
    grid,
    axes,
    size,
    missing: decodeBits(saved.missing, channels.length * size[0] * size[1]),
    masked,
    statics,
    transform,
    bounds,
    limits: limitsOf(names, bounds, { range: data.range, integer: null }),
  };
}

import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import type { CompleteTrainConfig } from "@dsbm/config";
import { ConfigError } from "@dsbm/config";
import { readJson } from "@dsbm/runs";
import type { BridgeDescription } from "@dsbm/web";
import { z } from "zod";

const end = z.object({ path: z.string(), rows: z.number(), group: z.string().nullish() });
const saved = z.object({ source: end, target: end.nullish() });

/** From data.json of a run, or from its configuration. */
export function dataSummary(
  folder: string,
  { Dataset, Dataset_transfer, transfer }: CompleteTrainConfig,
): NonNullable<BridgeDescription["data"]> {
  const path = join(folder, "data.json");
  if (!existsSync(path)) {
    const named = (name: string | null) => ({ name: plainName(name ?? ""), rows: null });
    return {
      source: named(Dataset),
      target: transfer ? named(Dataset_transfer) : null,
    };
  }
  const result = saved.safeParse(readJson(path));
  if (!result.success)
    throw new ConfigError("usage", `${path} is damaged: copy it from the run again`);
  const { source, target = null } = result.data;
  const summary = ({ path: file, rows, group }: z.output<typeof end>) => ({
    name: group ? `${plainName(file)} (${group})` : plainName(file),
    rows,
  });
  return { source: summary(source), target: target && summary(target) };
}

const plainName = (name: string): string => basename(name.replace(/^(table|folder|array):/, ""));

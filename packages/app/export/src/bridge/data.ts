import { basename } from "node:path";
import type { CompleteTrainConfig } from "@dsbm/config";
import { readDataFile } from "@dsbm/runs";
import type { BridgeDescription } from "@dsbm/web";

/** From data.json of a run, or from its configuration. */
export function dataSummary(
  folder: string,
  { Dataset, Dataset_transfer, transfer }: CompleteTrainConfig,
): NonNullable<BridgeDescription["data"]> {
  const end = (path: string, rows: number | null, group: string | null) => {
    const name = basename(path.replace(/^(table|folder|array):/, ""));
    return { name: group ? `${name} (${group})` : name, rows };
  };
  const data = readDataFile(folder);
  if (!data)
    return {
      source: end(Dataset, null, null),
      target: transfer ? end(Dataset_transfer ?? "", null, null) : null,
    };
  const { source, target } = data;
  return {
    source: end(source.path, source.rows, source.group),
    target: target && end(target.path, target.rows, target.group),
  };
}

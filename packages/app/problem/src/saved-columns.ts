import { existsSync } from "node:fs";
import { join } from "node:path";
import type { CompleteTrainConfig } from "@dsbm/config";
import { ConfigError } from "@dsbm/config";
import { limitsOf } from "@dsbm/data";
import { checkFiles, readDataFile } from "@dsbm/runs";
import type { Columns } from "./columns.js";

/** The columns of a run of tables. */
export type RunColumns = Omit<Columns, "description">;

/** Null for a run of other data. Throws a ConfigError if data.json is missing or damaged. */
export function readColumns(
  folder: string,
  { Dataset, data }: Pick<CompleteTrainConfig, "Dataset" | "data">,
): RunColumns | null {
  if (!Dataset.startsWith("table:")) return null;
  const path = join(folder, "data.json");
  if (existsSync(path)) checkFiles(folder, ["data.json"]);
  const saved = readDataFile(folder);
  if (!saved)
    throw new ConfigError(
      `${path} is missing or damaged, which says how its columns were standardised: copy it with the run, or train it again`,
    );
  const { columns, kept, transform, conditioning } = saved;
  const names = columns.map(({ name }) => name);
  const target = columns.flatMap((one) => one.target ?? []);
  const bounds = {
    source: columns.map(({ source }) => source),
    target: target.length > 0 ? target : null,
    whole: columns.map(({ whole }) => whole),
  };
  return {
    names,
    named: names.some((name, k) => name !== `c${k}`),
    kept,
    transform,
    condition: conditioning,
    bounds,
    limits: limitsOf(names, bounds, data),
  };
}

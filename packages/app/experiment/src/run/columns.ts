// What a run keeps of its data: data.json of tables (what they hold, and how networks see their columns), and the
// components of pictures that are projected.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { CompleteTrainConfig } from "@dsbm/config";
import { ConfigError } from "@dsbm/config";
import type { Datasets } from "@dsbm/problem";
import { readColumns } from "@dsbm/problem";
import type { Progress, RunWriter } from "@dsbm/runs";
import { version } from "@dsbm/runs";
import { io } from "@dsbm/torch";

/** Writes data.json of tables. Throws a ConfigError where a run that goes on was begun with other data. */
export function saveColumns(
  { columns }: Datasets,
  { config, run, progress }: { config: CompleteTrainConfig; run: RunWriter; progress: Progress },
): void {
  const description = columns?.describe();
  if (!description) return;
  const path = join(run.paths.folder, "data.json");
  const before = existsSync(path) ? readColumns(run.paths.folder, config) : null;
  if (before && !isDeepStrictEqual(before.transform, description.transform))
    throw new ConfigError(
      "usage",
      `the data are not those that ${run.paths.folder} was begun with (${path}): bring the files back, or add --again to start over`,
    );
  for (const warning of description.warnings) progress.line(`data: ${warning}`);
  run.saveFile("data.json", `${JSON.stringify(description, null, 2)}\n`);
}

/** Writes projection.safetensors of data that are projected on components. */
export function saveProjection({ projection }: Datasets, run: RunWriter): void {
  if (!projection) return;
  const { components } = projection;
  const scale = String(components.scale);
  const bytes = io.encodeTensors(components.stateDict(), { dsbm: version, scale });
  run.saveFile("projection.safetensors", bytes);
}

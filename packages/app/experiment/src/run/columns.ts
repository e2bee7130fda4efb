import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { type CompleteTrainConfig, ConfigError } from "@dsbm/config";
import { type DataDescription, firstOf } from "@dsbm/data";
import type { Datasets } from "@dsbm/datasets";
import { sha256OfFile } from "@dsbm/files";
import type { Progress, RunWriter } from "@dsbm/runs";
import { readDataFile, readJson, toJson, version } from "@dsbm/runs";
import { io } from "@dsbm/torch";

/** Writes data.json with the columns of tables and the checksums of their files, and prints warnings about columns. */
export function saveColumns(
  { columns, x0, between, x1 }: Datasets,
  { run, progress }: { run: RunWriter; progress: Progress },
): void {
  const description = columns?.description;
  if (!description) return;
  for (const warning of warningLines(description)) progress.line(`data: ${warning}`);
  const paths = [x0, ...between, x1].flatMap(({ facts }) => facts?.path ?? []);
  const files = Object.fromEntries(paths.map((table) => [table, checksumOf(table)]));
  run.saveFile("data.json", `${toJson({ ...description, files }, { indent: 2 })}\n`);
}

const fewNames = 3;

/** Prints one line if many columns have warnings. */
function warningLines({ columns, warnings }: DataDescription): string[] {
  const noted = columns.filter(({ notes }) => notes.length > 0).map(({ name }) => name);
  if (noted.length <= fewNames) return warnings;
  const ofColumns = columns.flatMap(({ name, notes }) =>
    notes.map((note) => `column ${name}: ${note}`),
  );
  return [
    ...warnings.filter((line) => !ofColumns.includes(line)),
    `${noted.length} columns have warnings (${firstOf(noted, 8)}): the report and data.json have them`,
  ];
}

const checksumOf = (path: string): string => sha256OfFile(realpathSync(path));

const pairsFile = "pairs.json";

/** Keeps the checksum of pairs=FILE. */
export function savePairs({ pairs }: CompleteTrainConfig, run: RunWriter): void {
  if (pairs !== null)
    run.saveFile(pairsFile, `${toJson({ [pairs]: checksumOf(pairs) }, { indent: 2 })}\n`);
}

/** Throws a ConfigError if a table or the pairs of a run have changed. A missing file is accepted. */
export function checkTables(folder: string): void {
  const pairs = join(folder, pairsFile);
  const files = {
    ...readDataFile(folder)?.files,
    ...(existsSync(pairs) && (readJson(pairs) as Record<string, string>)),
  };
  for (const [path, sha256] of Object.entries(files))
    if (existsSync(path) && checksumOf(path) !== sha256)
      throw new ConfigError(
        `${path} has changed since ${folder} was trained on it: bring the file back, or add --again to train on the new one (the old run is kept in ${join(folder, "previous")})`,
      );
}

/** Writes the principal components that the data are projected on. */
export function saveProjection({ projection }: Datasets, run: RunWriter): void {
  if (!projection) return;
  const { components } = projection;
  const scale = String(components.scale);
  const bytes = io.encodeTensors(components.stateDict(), { dsbm: version, scale });
  run.saveFile("projection.safetensors", bytes);
}

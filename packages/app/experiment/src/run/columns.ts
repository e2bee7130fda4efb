import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { type CompleteTrainConfig, ConfigError } from "@dsbm/config";
import { describeEnd, fieldsDigest } from "@dsbm/data";
import {
  type Datasets,
  dataWarnings,
  isPairsFile,
  marginalsOf,
  relativeMasses,
  timeValues,
} from "@dsbm/datasets";
import { isFieldPath, sha256OfFile } from "@dsbm/files";
import { timeLabel } from "@dsbm/inference";
import type { CourseRecord, Progress, RunWriter } from "@dsbm/runs";
import {
  autoencoderFile,
  readDataFile,
  readFieldsFile,
  readJson,
  toJson,
  version,
} from "@dsbm/runs";
import { io } from "@dsbm/torch";

/** Writes data.json or fields.json, with the checksums of the files, and prints warnings about the data. */
export function saveColumns(
  config: CompleteTrainConfig,
  datasets: Datasets,
  work: { run: RunWriter; progress: Progress },
): void {
  for (const warning of dataWarnings(datasets)) work.progress.line(`data: ${warning}`);
  saveFields(datasets, work.run);
  saveTables(config, datasets, work.run);
}

function saveFields(datasets: Datasets, run: RunWriter): void {
  const description = datasets.channels?.description;
  if (!description) return;
  const paths = marginalsOf(datasets).flatMap(({ fields }) =>
    fields ? [fields.path, ...(fields.statics?.files ?? [])] : [],
  );
  const files = Object.fromEntries(paths.map((path) => [path, fieldsDigest(path)]));
  run.saveFile("fields.json", `${toJson({ ...description, files }, { indent: 2 })}\n`);
}

function saveTables(config: CompleteTrainConfig, datasets: Datasets, run: RunWriter): void {
  const description = datasets.columns?.description;
  if (!description) return;
  const paths = marginalsOf(datasets).flatMap(({ facts }) => facts?.path ?? []);
  const files = Object.fromEntries(paths.map((table) => [table, checksumOf(table)]));
  const course = courseRecord(config, datasets);
  run.saveFile("data.json", `${toJson({ ...description, course, files }, { indent: 2 })}\n`);
}

/** The times of a course, of datasets with masses, and of numbered groups; null for other data. */
function courseRecord(config: CompleteTrainConfig, datasets: Datasets): CourseRecord | null {
  const all = marginalsOf(datasets);
  const facts = all.flatMap((one) => one.facts ?? []);
  if (facts.length < all.length) return null;
  const masses = relativeMasses(config, all);
  const values = timeValues(config);
  const isNumbered =
    values.length > 0 &&
    values.every(({ value }) => value.trim() !== "" && Number.isFinite(+value));
  if (!datasets.chain && !masses && !isNumbered) return null;
  return {
    name: config.data.split_by ?? "time",
    datasets: facts.map((one, k) => ({
      ...describeEnd(one),
      label: timeLabel(config, datasets.chain?.times[k] ?? k),
      mass: masses?.[k] ?? null,
    })),
  };
}

const checksumOf = (path: string): string =>
  isFieldPath(path) ? fieldsDigest(path) : sha256OfFile(realpathSync(path));

const pairsFile = "pairs.json";

/** Keeps the checksum of pairs=FILE. */
export function savePairs({ pairs }: CompleteTrainConfig, run: RunWriter): void {
  if (pairs !== null && isPairsFile(pairs))
    run.saveFile(pairsFile, `${toJson({ [pairs]: checksumOf(pairs) }, { indent: 2 })}\n`);
}

/**
 * A missing file is accepted.
 * @throws {ConfigError} if a table, the fields or the pairs of a run have changed.
 */
export function checkTables(folder: string): void {
  const pairs = join(folder, pairsFile);
  const files = {
    ...readDataFile(folder)?.files,
    ...readFieldsFile(folder)?.files,
    ...(existsSync(pairs) && (readJson(pairs) as Record<string, string>)),
  };
  for (const [path, sha256] of Object.entries(files))
    if (existsSync(path) && checksumOf(path) !== sha256)
      throw new ConfigError(
        `${path} has changed since ${folder} was trained on it: bring the file back, or add --again to train on the new one (the old run is kept in ${join(folder, "previous")})`,
      );
}

/** Writes the principal components that the data are projected on, or the autoencoder of their images. */
export function saveEncoding({ projection, encoding }: Datasets, run: RunWriter): void {
  if (encoding) run.saveFile(autoencoderFile, encoding.toBytes({ dsbm: version }));
  if (!projection) return;
  const { components } = projection;
  const scale = String(components.scale);
  const bytes = io.encodeTensors(components.stateDict(), { dsbm: version, scale });
  run.saveFile("projection.safetensors", bytes);
}

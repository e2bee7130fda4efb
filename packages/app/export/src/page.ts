import type { Conditions as Given } from "@dsbm/bridge";
import { type CompleteTrainConfig, ConfigError } from "@dsbm/config";
import { type ColumnCondition, DatasetError, decodeCondition } from "@dsbm/data";
import { writeFileAtomic } from "@dsbm/files";
import type { Trained } from "@dsbm/inference";
import { type Datasets, openDatasets, readColumns, testConditions, testRows } from "@dsbm/problem";
import { type Progress, silentProgress } from "@dsbm/runs";
import { type Tensor, tidy } from "@dsbm/torch";
import type { Conditions, Samples, Units } from "@dsbm/web";
import type { ExportResult } from "./files.js";
import { type ExportOptions, exportBridge } from "./run.js";

/**
 * Limits of a page: bytes of models; samples of each dataset and their numbers, of rows and of
 * images.
 */
const most = { models: 100e6, rows: 1000, numbers: 1e6, pictures: 48, pixels: 5e4 };

export interface PageOptions extends ExportOptions {
  /** Samples of each dataset in the page; null: the usual number. */
  samples?: number | null;
  progress?: Progress | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Writes a page that plays the bridge of a run. Throws the errors of `exportBridge`, a ConfigError
 * for models of more than 100 MB, and a RunError of the disk.
 */
export async function exportPage(
  run: string,
  out: string,
  options: PageOptions,
): Promise<ExportResult> {
  const { progress = silentProgress, samples = null } = options;
  const { bridge, models, trained } = exportBridge(run, options);
  const bytes = [...models.values()].reduce((sum, model) => sum + model.length, 0);
  if (bytes > most.models)
    throw new ConfigError(
      `the models have ${Math.ceil(bytes / 1e6)} MB, but a page holds at most ${most.models / 1e6} MB: export a folder, which @dsbm/web plays, or one direction (direction=f)`,
    );
  const { readUnits } = await import("@dsbm/web");
  const { renderPlayerPage } = await import("@dsbm/web/page");
  const units = readUnits(bridge);
  const ends =
    samples === 0 ? null : await samplesOf(trained, { ...options, progress, samples, units });
  if (ends) progress.line(ends.about);
  const page = renderPlayerPage({ ...ends, bridge, models: Object.fromEntries(models) });
  writeFileAtomic(out, page);
  return { files: [{ path: out, bytes: Buffer.byteLength(page) }] };
}

/**
 * Returns held-out samples of both datasets in their own units. Prints a line and returns null if
 * the data are missing.
 */
async function samplesOf(trained: Trained, { samples, units, progress, signal }: SampleOptions) {
  // A page is always made on the processor.
  const config: CompleteTrainConfig = { ...trained.config, device: "cpu" };
  let ends: Datasets | null = null;
  try {
    ends = await openDatasets(config, { progress, signal });
    const { x0, x1 } = ends;
    const size = units.shape.reduce((a, b) => a * b, 1);
    const arePictures = units.shape.length > 1;
    const usual = arePictures
      ? Math.min(most.pictures, Math.max(12, Math.ceil(most.pixels / size)))
      : Math.min(most.rows, Math.ceil(most.numbers / size));
    const n = samples ?? usual;
    const column = readColumns(trained.folder, config)?.condition ?? null;
    const rows = (end: Datasets["x0"]) => ownUnits(testRows(end, n, config.seed), units);
    const conditionsOfEnd = (end: "x0" | "x1") =>
      conditions(testConditions(ends as Datasets, end, n), column);
    const source = rows(x0);
    const target = rows(x1);
    return {
      source,
      target,
      conditions: { source: conditionsOfEnd("x0"), target: conditionsOfEnd("x1") },
      about: `the page holds ${source.shape[0]} held-out samples of ${x0.name} and ${target.shape[0]} of ${x1.name} (samples=0: none)`,
    };
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error;
    progress.line(`the page has no samples to start from: ${error.message}`);
    return null;
  } finally {
    ends?.dispose();
  }
}

type SampleOptions = PageOptions & { samples: number | null; units: Units; progress: Progress };

const ownUnits = (x: Tensor, units: Units): Samples => {
  const n = x.size(0);
  const data = x.contiguous().toArray() as Float32Array;
  x.dispose();
  return units.undo(data, n);
};

function conditions(values: Given | undefined, column: ColumnCondition | null): Conditions | null {
  if (!values) return null;
  const { cond, y } = values;
  return {
    ...(y && { y: y.toNumbers() }),
    ...(cond &&
      (column ? { [column.name]: decodeCondition(column, cond) } : { cond: arrayOf(cond) })),
  };
}

const arrayOf = (x: Tensor): Samples => ({
  data: tidy(() => x.to("float32").contiguous().toArray()) as Float32Array,
  shape: x.shape,
});

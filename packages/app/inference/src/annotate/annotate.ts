import { extname } from "node:path";
import { mapConditions } from "@dsbm/bridge";
import { type AnnotateConfig, ConfigError } from "@dsbm/config";
import {
  DatasetError,
  type NumberColumn,
  type OutputFormat,
  openTableWriter,
  outputFormat,
  tableFormat,
} from "@dsbm/data";
import {
  type GrowthCells,
  growthIntervals,
  growthNote,
  marginalsOf,
  openDatasets,
} from "@dsbm/datasets";
import { stageFile } from "@dsbm/files";
import { cores } from "@dsbm/runs";
import { setNumThreads, type Tensor, tensor, tidy } from "@dsbm/torch";
import { Bridge } from "../bridge.js";
import {
  disposeRows,
  type FileJob,
  failed,
  type InputRows,
  type InputTable,
} from "../input/input.js";
import { tableInput } from "../input/table.js";
import { h5adWriter, type RowsWriter, runRecord, staged } from "../output/output.js";
import { checkOutput } from "../output/place.js";
import { processTime, timeLabel } from "../plan.js";
import type { Trained } from "../trained.js";
import { type Annotation, annotationsOf } from "./annotations.js";
import { type FateCells, fateCells } from "./fates.js";

type AnnotateJob = FileJob<AnnotateConfig>;

interface AnnotateResult {
  /** Annotated rows, and rows without a time. */
  rows: number;
  without: number;
  /** Names of the annotations, for people. */
  added: readonly string[];
}

const rowsAtOnce = 5000;

/**
 * Returns null if it was stopped. Leaves nothing at the output if it fails or is stopped. Throws
 * errors of the run, the table and the disk.
 */
export async function runAnnotate(job: AnnotateJob): Promise<AnnotateResult | null> {
  const { run, input: path, output, config, progress, signal } = job;
  setNumThreads(config.threads === "auto" ? cores() : config.threads);
  using bridge = Bridge.open(run, config);
  const { trained, units } = bridge;
  const { data } = trained.config;
  checkOutput(output, { input: path, trained, paths: false, overwrite: config.overwrite });
  checkFormats(path, output);
  const first = timeLabel(trained.config, 0);
  processTime(trained.config, config.at ?? first, "at");
  let fates: FateCells | null = null;
  let intervals: readonly GrowthCells[] | null = null;
  try {
    using input = await tableInput(path, {
      trained,
      progress,
      signal,
      direction: "f",
      start: null,
      batchRows: rowsAtOnce,
      keys: { ...config, keep: [config.fate ?? []].flat(), group: null },
    });
    const { source, names, carried, h5ad } = input.table as InputTable;
    const place = tableFormat(output) === "h5ad" ? h5ad : null;
    if (config.fate !== null) {
      const { fate: column, seed, where } = config;
      const missing = config.missing ?? data.missing;
      fates = await fateCells(source, bridge, { column, names, missing, where, seed, signal });
    }
    const note = growthNote(trained.config);
    if (note) progress.line(note);
    const timePlace = carried.findIndex(({ name }) => name === data.split_by);
    if (timePlace < 0)
      progress.line(
        `${path}: it lacks the run's column of times; all rows are taken as rows of time ${first}`,
      );
    const columns = units.columns(names);
    intervals = await growthCells(trained, job);
    const annotations = annotationsOf({
      bridge,
      config,
      fates,
      intervals,
      signal,
      names: columns.map(({ name }) => name),
      layer: place?.layer ?? "X",
    });
    const added = annotations
      .flatMap((one) => one.columns)
      .map((name): NumberColumn => ({ name, dtype: "float32" }));
    using file = await staged<RowsWriter>(stageFile(output), (temporary) =>
      place
        ? h5adWriter(temporary, place.path, {
            added: annotations,
            command: "annotate",
            record: runRecord(trained, config),
          })
        : openTableWriter(temporary, {
            format: outputFormat(output) as OutputFormat,
            carried,
            columns: [...columns, ...added],
          }),
    );
    let done = 0;
    let without = 0;
    for await (const batch of input.batches) {
      progress.update({
        label: "annotating",
        step: done,
        ...(input.n !== null && { steps: input.n }),
      });
      const count = batch.x.size(0);
      const times = Array.from({ length: count }, (_, i) => {
        if (timePlace < 0) return first;
        const cell = batch.carried[timePlace]?.[i] ?? null;
        return cell === null ? null : String(cell);
      });
      try {
        const values = await annotateBatch(annotations, batch, { times, first: done });
        await file.writer.write({
          count,
          rows: batch.rows,
          carried: batch.carried,
          numbers: [...(place ? [] : units.undo(batch.x)), ...values],
        });
      } finally {
        disposeRows(batch);
      }
      without += times.filter((time) => time === null).length;
      done += count;
    }
    for (const line of input.notes?.() ?? []) progress.line(line);
    await file.commit();
    const parts = annotations.map(({ obsm, columns }) =>
      place && obsm !== null ? `obsm ${obsm}` : columns.join(", "),
    );
    return { rows: done - without, without, added: parts };
  } catch (error) {
    return failed(error, job);
  } finally {
    fates?.x.dispose();
    for (const { centres } of intervals ?? []) centres.dispose();
  }
}

/** Intervals of growth from the data of the run, if they are still there. */
async function growthCells(
  { config, method }: Trained,
  { progress, signal }: AnnotateJob,
): Promise<GrowthCells[] | null> {
  if (!method.mass || method.plan) return null;
  try {
    const datasets = await openDatasets(config, { progress, signal });
    try {
      return growthIntervals(config, marginalsOf(datasets));
    } finally {
      datasets.dispose();
    }
  } catch (error) {
    if (!(error instanceof DatasetError) && !(error instanceof ConfigError)) throw error;
    progress.line(`growth_low and growth_high are left out: ${error.message}`);
    return null;
  }
}

/** Values by column, NaN for rows without a time. */
async function annotateBatch(
  annotations: readonly Annotation[],
  { x, conditions }: InputRows,
  { times, first }: { times: readonly (string | null)[]; first: number },
): Promise<Float64Array[]> {
  const columns = annotations.flatMap((one) =>
    one.columns.map(() => new Float64Array(times.length).fill(Number.NaN)),
  );
  for (const time of new Set(times)) {
    if (time === null) continue;
    const places = [...times.keys()].filter((i) => times[i] === time);
    const index = tensor(BigInt64Array.from(places, BigInt));
    const pick = (t: Tensor) => tidy(() => t.indexSelect(0, index).keep());
    const rows = { x: pick(x), conditions: mapConditions(conditions, pick) };
    try {
      const columnValues: Float64Array[] = [];
      for (const annotation of annotations)
        columnValues.push(
          ...(await annotation.values({ ...rows, time, purpose: `${first}/${time}` })),
        );
      for (const [c, values] of columnValues.entries())
        for (const [i, place] of places.entries()) (columns[c] as Float64Array)[place] = values[i];
    } finally {
      disposeRows(rows);
      index.dispose();
    }
  }
  return columns;
}

function checkFormats(path: string, output: string): void {
  const isCopy = tableFormat(output) === "h5ad";
  const isTable = /^\.(csv|tsv|parquet)$/.test(outputFormat(output) ?? "");
  if (isCopy ? tableFormat(path) === "h5ad" : isTable) return;
  const problem = isCopy
    ? `a copy of a .h5ad file, but NEW is ${path}`
    : `${extname(output) || "no ending"} has no names of columns`;
  throw new ConfigError(
    `OUT ${output}: ${problem}: expected .csv, .tsv, .parquet, or .h5ad of a .h5ad file`,
  );
}

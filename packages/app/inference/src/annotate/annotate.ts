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
  checkSavedFolder,
  type GrowthCells,
  growthEstimate,
  growthFacts,
  growthIntervals,
  growthNote,
  openDatasets,
} from "@dsbm/datasets";
import { stageFile } from "@dsbm/files";
import { cores, growthCaution } from "@dsbm/runs";
import { setNumThreads, type Tensor, tensor, tidy } from "@dsbm/torch";
import { Bridge } from "../bridge.js";
import {
  disposeRows,
  type FileJob,
  type Input,
  type InputRows,
  type InputTable,
  nullIfStopped,
} from "../input/input.js";
import { tableInput } from "../input/table.js";
import { stageWriter } from "../output/output.js";
import { checkOutput } from "../output/place.js";
import { runRecord } from "../output/record.js";
import { h5adWriter, type RowsWriter } from "../output/rows-writer.js";
import { processTime, timeLabel } from "../plan.js";
import type { Trained } from "../trained.js";
import { type Annotation, annotationsOf } from "./annotations.js";
import { type FateCells, fateCells } from "./fates.js";
import { LineageCheck } from "./lineages.js";

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
 * Adds annotations to the rows of a table. Returns null if it was stopped. Leaves nothing at the output if it fails or
 * is stopped.
 * @throws errors of the run, the table and the disk.
 */
export async function runAnnotate(job: AnnotateJob): Promise<AnnotateResult | null> {
  const { run, input: path, output, config, progress, signal } = job;
  setNumThreads(config.threads === "auto" ? cores() : config.threads);
  using bridge = Bridge.open(run, config);
  const { trained } = bridge;
  const { overwrite } = config;
  checkOutput(output, { input: path, trained, paths: false, overwrite, members: 1 });
  checkFormats(path, output);
  processTime(trained.config, config.at ?? timeLabel(trained.config, 0), "at");
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
    const note = growthNote(trained.config);
    if (note) progress.line(note);
    using facts = await readFacts(job, bridge, input.table as InputTable);
    return await annotateTable(job, { bridge, input, facts });
  } catch (error) {
    return nullIfStopped(error, job);
  }
}

/** Facts of the data that annotations need. */
interface AnnotationFacts extends Disposable {
  fates: FateCells | null;
  intervals: readonly GrowthCells[] | null;
}

async function readFacts(
  job: AnnotateJob,
  bridge: Bridge,
  { source, names }: InputTable,
): Promise<AnnotationFacts> {
  const { config, signal } = job;
  const { fate: column, seed, where } = config;
  const missing = config.missing ?? bridge.trained.config.data.missing;
  const fates =
    column === null
      ? null
      : await fateCells(source, bridge, { column, names, missing, where, seed, signal });
  let intervals: readonly GrowthCells[] | null = null;
  const dispose = () => {
    fates?.x.dispose();
    for (const { centres } of intervals ?? []) centres.dispose();
  };
  try {
    intervals = await growthCells(bridge.trained, job);
  } catch (error) {
    dispose();
    throw error;
  }
  return { fates, intervals, [Symbol.dispose]: dispose };
}

async function annotateTable(
  { input: path, output, config, progress, signal }: AnnotateJob,
  { bridge, input, facts }: { bridge: Bridge; input: Input; facts: AnnotationFacts },
): Promise<AnnotateResult> {
  const { trained, units } = bridge;
  const { names, kept, h5ad } = input.table as InputTable;
  const place = tableFormat(output) === "h5ad" ? h5ad : null;
  const first = timeLabel(trained.config, 0);
  const timePlace = kept.findIndex(({ name }) => name === trained.config.data.split_by);
  if (timePlace < 0)
    progress.line(
      `${path}: it lacks the run's column of times; all rows are taken as rows of time ${first}`,
    );
  const columns = units.columns(names);
  const annotations = annotationsOf({
    bridge,
    config,
    ...facts,
    signal,
    names: columns.map(({ name }) => name),
    layer: place?.layer ?? "X",
  });
  using file = await stageWriter<RowsWriter>(stageFile(output), (temporary) =>
    place
      ? h5adWriter(temporary, place.path, {
          added: annotations,
          command: "annotate",
          record: runRecord(trained, config),
        })
      : openTableWriter(temporary, {
          format: outputFormat(output) as OutputFormat,
          kept,
          columns: [...columns, ...numberColumns(annotations)],
        }),
  );
  const lineages = lineageCheck(config, facts, { kept, last: timeLabel(trained.config, 1) });
  let done = 0;
  let without = 0;
  for await (const batch of input.batches) {
    const steps = input.n === null ? {} : { steps: input.n };
    progress.update({ label: "annotating", step: done, ...steps });
    const times = timesOfRows(batch, timePlace, first);
    try {
      const values = await annotateBatch(annotations, batch, { times, first: done });
      lineages?.add(batch, times, values);
      const numbers = [...(place ? [] : units.undo(batch.x)), ...values];
      const { rows, kept: cells } = batch;
      await file.writer.write({ count: times.length, rows, kept: cells, numbers });
    } finally {
      disposeRows(batch);
    }
    without += times.filter((time) => time === null).length;
    done += times.length;
  }
  for (const line of [...(input.notes?.() ?? []), ...(lineages?.lines() ?? [])])
    progress.line(line);
  await file.commit();
  return { rows: done - without, without, added: annotations.map(titleOf(place !== null)) };
}

/** The name of an annotation in a copy of a .h5ad file, or in another table. */
const titleOf =
  (isCopy: boolean) =>
  ({ obsm, columns }: Annotation): string =>
    isCopy && obsm !== null ? `obsm ${obsm}` : columns.join(", ");

/** The check of fates against known lineages; null: not asked for. */
function lineageCheck(
  { lineage, fate }: AnnotateConfig,
  { fates }: AnnotationFacts,
  { kept, last }: Pick<InputTable, "kept"> & { last: string },
) {
  if (!lineage || fate === null || !fates) return null;
  const check = new LineageCheck(fates.classes);
  const place = kept.findIndex(({ name }) => name === fate);
  return {
    add(batch: InputRows, times: readonly (string | null)[], values: readonly Float64Array[]) {
      const labels = times.map((_, i) => String(batch.kept[place]?.[i] ?? ""));
      // Fates are the last annotation.
      check.add(times, labels, values.slice(-fates.classes.length));
    },
    lines: () => check.lines(fate, last),
  };
}

const numberColumns = (annotations: readonly Annotation[]): NumberColumn[] =>
  annotations.flatMap(({ columns }) => columns.map((name) => ({ name, dtype: "float32" })));

/** The time of each row; null for rows without one. All rows are of time `first` if no column has times. */
function timesOfRows(
  { x, kept }: Pick<InputRows, "x" | "kept">,
  timePlace: number,
  first: string,
): (string | null)[] {
  return Array.from({ length: x.size(0) }, (_, i) => {
    if (timePlace < 0) return first;
    const cell = kept[timePlace]?.[i] ?? null;
    return cell === null ? null : String(cell);
  });
}

/** Intervals of growth from the data of the run, if they are still there. The run keeps them. */
async function growthCells(
  { config, method, folder }: Trained,
  { progress, signal }: AnnotateJob,
): Promise<GrowthCells[] | null> {
  if (!method.mass || method.plan) return null;
  try {
    const datasets = await openDatasets(config, {
      progress,
      signal,
      checkFolder: checkSavedFolder,
    });
    datasets.growth.folder = folder;
    try {
      const estimate = growthEstimate(config, datasets);
      const caution = estimate && growthCaution(growthFacts(estimate));
      if (caution) progress.line(`warning: ${caution}`);
      return growthIntervals(config, datasets);
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

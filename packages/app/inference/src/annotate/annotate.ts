import { extname } from "node:path";
import { mapConditions } from "@dsbm/bridge";
import { type AnnotateConfig, ConfigError } from "@dsbm/config";
import {
  type NumberColumn,
  type OutputFormat,
  openTableWriter,
  outputFormat,
  tableFormat,
} from "@dsbm/data";
import { type GrowthCells, growthNote } from "@dsbm/datasets";
import { stageFile } from "@dsbm/files";
import { cores } from "@dsbm/runs";
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
import { type RowDoubts, rowDoubts } from "../output/level-texts.js";
import { stageWriter } from "../output/output.js";
import { checkOutput } from "../output/place.js";
import { runRecord } from "../output/record.js";
import { h5adWriter, type RowsWriter } from "../output/rows-writer.js";
import { processTime, timeLabel } from "../plan.js";
import type { Trained } from "../trained.js";
import { type Annotation, annotationsOf } from "./annotations.js";
import { type FateCells, fateCells } from "./fates.js";
import { growthCells } from "./growth.js";
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
  const end = processTime(trained.config, config.at ?? timeLabel(trained.config, 1), "at");
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
    using facts = await readFacts(job, bridge, { ...(input.table as InputTable), end });
    return await annotateTable(job, { bridge, input, facts });
  } catch (error) {
    return nullIfStopped(error, job);
  }
}

/** Facts of the data that annotations need. */
interface AnnotationFacts extends Disposable {
  fates: FateCells | null;
  intervals: readonly GrowthCells[] | null;
  doubts: RowDoubts;
}

async function readFacts(
  job: AnnotateJob,
  bridge: Bridge,
  { source, names, end }: InputTable & { end: number },
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
  return { fates, intervals, doubts: rowDoubts(bridge, end), [Symbol.dispose]: dispose };
}

async function annotateTable(
  job: AnnotateJob,
  { bridge, input, facts }: { bridge: Bridge; input: Input; facts: AnnotationFacts },
): Promise<AnnotateResult> {
  const { input: path, output, config, progress, signal } = job;
  const { trained, units } = bridge;
  const table = input.table as InputTable;
  const { names, kept } = table;
  const place = placeIn(output, table);
  const first = timeLabel(trained.config, 0);
  const timePlace = kept.findIndex(({ name }) => name === trained.config.data.split_by);
  if (timePlace < 0)
    progress.line(
      `${path}: it lacks the run's column of times; all rows are taken as rows of time ${first}`,
    );
  const columns = units
    .columns(names)
    .map(({ name }): NumberColumn => ({ name, dtype: "float64" }));
  const annotations = annotationsOf({
    bridge,
    config,
    ...facts,
    signal,
    names: columns.map(({ name }) => name),
    layer: place?.layer ?? "X",
  });
  using file = await openAnnotated(job, { trained, table, columns, annotations });
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
      const own = place ? [] : (batch.numbers as readonly Float64Array[]);
      const numbers = [...own, ...values];
      const { rows, kept: cells } = batch;
      await file.writer.write({ count: times.length, rows, kept: cells, numbers });
    } finally {
      disposeRows(batch);
    }
    without += times.filter((time) => time === null).length;
    done += times.length;
  }
  for (const lines of [input.notes?.(), lineages?.lines(), facts.doubts?.lines()])
    for (const line of lines ?? []) progress.line(line);
  await file.commit();
  return { rows: done - without, without, added: annotations.map(titleOf(place !== null)) };
}

/** The place of the annotations in a copy of a .h5ad file; null: the output is another table. */
const placeIn = (output: string, { h5ad }: InputTable) =>
  tableFormat(output) === "h5ad" ? h5ad : null;

/** Opens a copy of a .h5ad file that gets annotations, or a table of all columns and annotations. */
function openAnnotated(
  { output, config }: AnnotateJob,
  {
    trained,
    table,
    columns,
    annotations,
  }: {
    trained: Trained;
    table: InputTable;
    columns: readonly NumberColumn[];
    annotations: readonly Annotation[];
  },
) {
  const place = placeIn(output, table);
  return stageWriter<RowsWriter>(stageFile(output), (temporary) =>
    place
      ? h5adWriter(temporary, place.path, {
          added: annotations,
          command: "annotate",
          record: runRecord(trained, config),
        })
      : openTableWriter(temporary, {
          format: outputFormat(output) as OutputFormat,
          kept: table.kept,
          columns: [...columns, ...numberColumns(annotations)],
        }),
  );
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

import { extname } from "node:path";
import { type Conditions, mapConditions } from "@dsbm/bridge";
import { type AnnotateConfig, ConfigError } from "@dsbm/config";
import {
  absentColumn,
  DatasetError,
  type NumberColumn,
  openRows,
  outputFormat,
  tableFormat,
} from "@dsbm/data";
import {
  type GrowthCells,
  growthIntervals,
  growthNote,
  loadDatasets,
  marginalsOf,
  prepareDatasets,
} from "@dsbm/problem";
import { cores, type Progress } from "@dsbm/runs";
import { setNumThreads, type Tensor, tensor, tidy } from "@dsbm/torch";
import { Bridge } from "../bridge.js";
import type { InputRows } from "../input/input.js";
import { matched } from "../input/match.js";
import { own, tableInput } from "../input/table.js";
import { runRecord } from "../output/h5ad.js";
import { checkOutput } from "../output/output.js";
import { h5adSink, type Sink, tableSink } from "../output/sinks.js";
import { processTime, timeLabel } from "../times.js";
import type { Trained } from "../trained.js";
import { type Annotation, annotationsOf } from "./annotations.js";
import { type FateCells, fateCells } from "./fates.js";

export interface AnnotateJob {
  run: string;
  input: string;
  output: string;
  config: AnnotateConfig;
  progress: Progress;
  signal?: AbortSignal | undefined;
}

export interface AnnotateResult {
  state: "finished" | "interrupted";
  /** Annotated rows, and rows without a time. */
  rows: number;
  without: number;
  /** Names of the annotations, for people. */
  added: readonly string[];
}

const rowsAtOnce = 5000;

/**
 * Leaves nothing at the output if it fails or is stopped. Throws errors of the run, the table and
 * the disk.
 */
export async function runAnnotate(job: AnnotateJob): Promise<AnnotateResult> {
  const { run, input: path, output, config, progress, signal } = job;
  setNumThreads(config.threads === "auto" ? cores() : config.threads);
  using bridge = Bridge.open(run, config);
  const { trained, units } = bridge;
  const { data } = trained.config;
  checkOutput(output, { trained, paths: false, overwrite: config.overwrite });
  checkFormats(path, output);
  const last = timeLabel(trained.config, 1);
  processTime(trained.config, config.at ?? last, "at");
  const reading = {
    decimal: config.decimal ?? data.decimal,
    header: config.header ?? data.header,
    key: config.key ?? undefined,
    layer: config.layer ?? data.layer ?? undefined,
  };
  let fates: FateCells | null = null;
  let intervals: readonly GrowthCells[] | null = null;
  let sink: Sink | null = null;
  const source = await own(() => openRows(path, reading));
  try {
    const columnNames = source.columns.map(({ name }) => name);
    if (config.fate !== null && !columnNames.includes(config.fate))
      throw absentColumn(source, { key: "fate=", name: config.fate });
    const isH5ad = source.format === "h5ad";
    const facts = { trained, width: units.width };
    const hasNames = trained.columns?.named && source.named;
    const others = hasNames
      ? columnNames.filter((name) => !trained.columns?.names.includes(name))
      : [];
    const texts = [config.fate ?? [], data.split_by ?? []]
      .flat()
      .filter((one) => columnNames.includes(one));
    const keep = isH5ad ? texts : [...new Set([...others, ...texts])];
    const { names } = matched(source, { ...facts, keep });
    const missing = config.missing ?? data.missing;
    if (config.fate !== null)
      fates = await own(() =>
        fateCells(source, bridge, {
          names,
          missing,
          signal,
          seed: config.seed,
          column: config.fate as string,
        }),
      );
    const note = growthNote(trained.config);
    if (note) progress.line(note);
    const isTimed = data.split_by !== null && columnNames.includes(data.split_by);
    if (!isTimed)
      progress.line(
        `${path}: it lacks the run's column of times; all rows are taken as rows of time ${timeLabel(trained.config, 0)}`,
      );
    using input = disposing(
      await tableInput(path, {
        trained,
        progress,
        signal,
        direction: "f",
        start: null,
        seed: config.seed,
        resize: null,
        max_pixels: 1,
        keys: { ...config, keep, group: null },
      }),
    );
    const { carried = [] } = input.table ?? {};
    const place = input.table?.h5ad ?? null;
    const columns = units.columns(names);
    intervals = await growthCells(trained, { progress, signal });
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
    const target = place
      ? await h5adSink(output, place.path, annotations)
      : tableSink(output, {
          format: outputFormat(output) as never,
          carried,
          columns: [...columns, ...added],
        });
    sink = target;
    const timePlace = carried.findIndex(({ name }) => name === data.split_by);
    let first = 0;
    let without = 0;
    for (;;) {
      progress.update({
        label: "annotating",
        step: first,
        ...(input.n !== null && { steps: input.n }),
      });
      const batch = await input.read(first, rowsAtOnce);
      if (batch === null) break;
      const n = batch.x.size(0);
      const times = Array.from({ length: n }, (_, i) => {
        if (!isTimed) return timeLabel(trained.config, 0);
        const cell = batch.carried?.[timePlace]?.[i] ?? null;
        return cell === null ? null : String(cell);
      });
      try {
        await target.put({
          count: n,
          rows: batch.rows as Int32Array,
          numbers: units.undo(batch.x),
          carried: batch.carried ?? [],
          values: await annotateBatch(annotations, batch, { times, first }),
        });
      } finally {
        disposeRows(batch);
      }
      without += times.filter((time) => time === null).length;
      first += n;
    }
    for (const note of input.notes?.() ?? []) progress.line(note);
    await target.commit("annotate", runRecord(trained, config));
    const parts = annotations.map(({ obsm, columns }) =>
      place && obsm !== null ? `obsm ${obsm}` : columns.join(", "),
    );
    return { state: "finished", rows: first - without, without, added: parts };
  } catch (error) {
    if (!signal?.aborted || error !== signal.reason) throw error;
    return { state: "interrupted", rows: 0, without: 0, added: [] };
  } finally {
    sink?.discard();
    fates?.x.dispose();
    for (const { centres } of intervals ?? []) centres.dispose();
    source.close();
  }
}

/** Intervals of growth from the data of the run, if they are still there. */
async function growthCells(
  { config, method }: Trained,
  options: Pick<AnnotateJob, "progress"> & { signal: AbortSignal | undefined },
): Promise<GrowthCells[] | null> {
  if (!method.mass || method.plan) return null;
  try {
    await prepareDatasets(config, options);
    const ends = loadDatasets(config);
    try {
      return growthIntervals(config, marginalsOf(ends));
    } finally {
      ends.dispose();
    }
  } catch (error) {
    if (!(error instanceof DatasetError) && !(error instanceof ConfigError)) throw error;
    options.progress.line(`growth_low and growth_high are left out: ${error.message}`);
    return null;
  }
}

/** Values by annotation and column, NaN for rows without a time. */
async function annotateBatch(
  annotations: readonly Annotation[],
  { x, given }: InputRows,
  { times, first }: { times: readonly (string | null)[]; first: number },
): Promise<Float64Array[][]> {
  const values = annotations.map(({ columns }) =>
    columns.map(() => new Float64Array(times.length).fill(Number.NaN)),
  );
  for (const time of new Set(times)) {
    if (time === null) continue;
    const places = [...times.keys()].filter((i) => times[i] === time);
    const index = tensor(BigInt64Array.from(places, BigInt));
    const pick = (t: Tensor) => tidy(() => t.indexSelect(0, index).keep());
    const rows = { x: pick(x), given: mapConditions(given, pick) };
    try {
      for (const [k, annotation] of annotations.entries()) {
        const columns = await annotation.values({ ...rows, time, purpose: `${first}/${time}` });
        for (const [c, column] of columns.entries())
          for (const [i, place] of places.entries())
            (values[k]?.[c] as Float64Array)[place] = column[i] as number;
      }
    } finally {
      disposeRows(rows);
      index.dispose();
    }
  }
  return values;
}

function disposeRows({ x, given }: { x: Tensor; given?: Conditions | undefined }): void {
  for (const t of [x, given?.cond, given?.y]) t?.dispose();
}

const disposing = <T extends { close?(): void }>(input: T) =>
  Object.assign(input, { [Symbol.dispose]: () => input.close?.() });

function checkFormats(path: string, output: string): void {
  const format = tableFormat(output) === "h5ad" ? ".h5ad" : outputFormat(output);
  if (format === ".h5ad" ? tableFormat(path) === "h5ad" : format && format !== ".npy") return;
  throw new ConfigError(
    "usage",
    `OUT ${output}: ${format === ".h5ad" ? `a copy of a .h5ad file, but NEW is ${path}` : `${extname(output) || "no ending"} has no names of columns`}: expected .csv, .tsv, .parquet${format === ".h5ad" ? "" : ", or .h5ad of a .h5ad file"}`,
  );
}

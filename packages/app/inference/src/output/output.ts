import { dirname, join } from "node:path";
import { encodeImages } from "@dsbm/bridge";
import { ConfigError } from "@dsbm/config";
import {
  type CarriedCell,
  type CarriedColumn,
  copyH5ad,
  type NumberColumn,
  type OutputFormat,
  openTableWriter,
  outputFormat,
  outputFormats,
  type TableBatch,
  toRows,
  type UnsValue,
} from "@dsbm/data";
import { makeFolder, type StagedPath, stageFile, stageFolder, writeFlushed } from "@dsbm/files";
import { picturePng, readQuality, version } from "@dsbm/runs";
import { io, type Tensor, tidy } from "@dsbm/torch";
import type { Bridge } from "../bridge.js";
import type { H5adPlace, Input } from "../input/input.js";
import { timeLabel } from "../plan.js";
import type { Trained } from "../trained.js";
import { type OutputKind, outputKind } from "./place.js";

/** Writes a temporary file. */
export interface Writer {
  /** Completes the file, on the disk. */
  close(): void | Promise<void>;
  /** Does nothing after `close`. */
  abandon(): void;
}

export interface SampleWriter extends Writer {
  about(): string;
  /**
   * Takes samples [count, …] from `first` on; for a path the samples of state k, states in order.
   */
  put(x: Tensor, at: PutPlace): Promise<void>;
}

/** A writer whose file appears at `commit`. Disposing it before leaves nothing. */
interface Output<W extends Writer> extends Disposable {
  writer: W;
  commit(): Promise<void>;
}

interface PutPlace {
  k: number;
  first: number;
  carried: readonly (readonly CarriedCell[])[];
  /** Row numbers of a table's file, from 0. */
  rows?: Int32Array | undefined;
  /** Masses of the samples, for a method with growth. */
  weights: Tensor | null;
}

export interface OutputOptions {
  path: string;
  bridge: Bridge;
  input: Input;
  n: number | null;
  /** Process times of the states of a path; null: only endpoints. */
  times: readonly number[] | null;
  /** The process time of the generated samples. */
  end: number;
  settings: object;
  /** Receives generated vectors in the data's own units. */
  seen?: ((numbers: readonly Float64Array[]) => void) | undefined;
}

export async function staged<W extends Writer>(
  path: StagedPath,
  open: (temporary: string) => W | Promise<W>,
): Promise<Output<W>> {
  let writer: W | null = null;
  const discard = () => {
    writer?.abandon();
    path.discard();
  };
  try {
    writer = await open(path.temporary);
  } catch (error) {
    discard();
    throw error;
  }
  return {
    writer,
    async commit() {
      await writer?.close();
      path.commit();
    },
    [Symbol.dispose]: discard,
  };
}

export async function openOutput(options: OutputOptions): Promise<Output<SampleWriter>> {
  const { path, bridge, times, input } = options;
  const kind = outputKind(path, bridge.trained, times !== null) as OutputKind;
  const place = input.table?.h5ad ?? null;
  if (kind === "h5ad" && !place)
    throw new ConfigError(
      `OUT ${path} is a copy of a .h5ad file, but NEW is none: expected a name that ends with ${outputFormats.join(", ")}`,
    );
  const isFolder = kind === "folder";
  return staged(isFolder ? stageFolder(path) : stageFile(path), (temporary) => {
    if (kind === "array") return arrayWriter(temporary, options);
    if (isFolder || kind === "picture") return pictureWriter(temporary, options, isFolder);
    return rowsWriter(temporary, options, kind === "h5ad" ? place : null);
  });
}

/** Writes images or paths as one array. */
function arrayWriter(temporary: string, options: OutputOptions): SampleWriter {
  const { path, bridge, input, times, seen } = options;
  const { shape: sample } = bridge.trained;
  const units = sample.length === 1 ? bridge.units : null;
  const columns = units?.columns(input.table?.names);
  const dtype = columns?.some((column) => column.dtype === "float64") ? "float64" : "float32";
  const row = units ? [units.width] : sample;
  const n = options.n as number;
  const leading = [...(times ? [times.length] : []), n];
  const file = new io.npy.NpyWriter(temporary, dtype, row, { leading });
  return {
    about: () => `${path}, ${dtype} [${[...leading, ...row].join(", ")}]`,
    async put(x, { k, first }) {
      const at = times ? k * n + first : first;
      tidy(() => {
        const here = x.to({ device: "cpu" });
        if (!units) return file.put(at, io.toRaw(here));
        const numbers = units.undo(here);
        if (k === (times?.length ?? 1) - 1) seen?.(numbers);
        file.put(at, io.fromTyped(toRows(numbers, dtype), [x.size(0), units.width]));
      });
    },
    close: () => file.close({ sync: true }),
    abandon: () => file.close(),
  };
}

const ahead = 16;

/** Writes one image, or a folder of images. */
function pictureWriter(
  temporary: string,
  { path, bridge, n, input }: OutputOptions,
  isFolder: boolean,
): SampleWriter {
  if (!isFolder && n !== 1)
    throw new ConfigError(
      `OUT ${path} is one image, but NEW has ${n}: give the name of a folder, or a .npy file`,
    );
  const shape = bridge.trained.shape as [number, number, number];
  const digits = Math.max(6, String((n ?? 1) - 1).length);
  const nameOf = (i: number) => `${input.names?.[i] ?? String(i).padStart(digits, "0")}.png`;
  return {
    about: () => `${path}, ${n} images of ${shape[2]}×${shape[1]} pixels`,
    async put(x, { first }) {
      const count = x.size(0);
      const bytes = tidy(() => encodeImages(x.to({ device: "cpu" })).toArray() as Uint8Array);
      const size = bytes.length / count;
      const write = async (i: number) => {
        const file = isFolder ? join(temporary, nameOf(first + i)) : temporary;
        const png = await picturePng(bytes.subarray(i * size, (i + 1) * size), shape);
        makeFolder(dirname(file));
        writeFlushed(file, png);
      };
      for (let at = 0; at < count; at += ahead) {
        const some = Array.from({ length: Math.min(ahead, count - at) }, (_, i) => write(at + i));
        for (const one of await Promise.allSettled(some))
          if (one.status === "rejected") throw one.reason;
      }
    },
    close() {},
    abandon() {},
  };
}

// Samples in the data's own units: rows of a table with kept columns, or a matrix in the obsm of a
// copy of a .h5ad file, NaN for other rows.

interface RowsBatch extends TableBatch {
  /** Row numbers of a .h5ad file, from 0. */
  rows?: Int32Array | undefined;
}

/** Writes rows in the data's own units; NaN without a value. */
export interface RowsWriter extends Writer {
  write(batch: RowsBatch): Promise<void>;
}

/** A copy of the .h5ad file `source` with further matrices of obsm, or columns of obs. */
export async function h5adWriter(
  temporary: string,
  source: string,
  {
    added,
    command,
    record,
  }: {
    added: readonly { obsm: string | null; columns: readonly string[] }[];
    command: "sample" | "annotate";
    record: UnsValue;
  },
): Promise<RowsWriter> {
  const copy = await copyH5ad(source, temporary);
  const parts = added.flatMap(({ obsm, columns }) =>
    obsm === null
      ? columns.map((name) => ({ put: copy.obs(name), width: 1 }))
      : [{ put: copy.obsm(obsm, columns.length), width: columns.length }],
  );
  return {
    async write({ rows = new Int32Array(), numbers }) {
      let at = 0;
      for (const { put, width } of parts) {
        put(toRows(numbers.slice(at, at + width), "float32"), rows);
        at += width;
      }
    },
    close() {
      copy.uns("dsbm", command, record);
      copy.close();
    },
    abandon: () => copy.abandon(),
  };
}

async function rowsWriter(
  temporary: string,
  options: OutputOptions,
  place: H5adPlace | null,
): Promise<SampleWriter> {
  const { path, bridge, input, times, end, settings, seen } = options;
  const { units, trained } = bridge;
  const numberColumns = units.columns(input.table?.names);
  const hasWeights = trained.method.mass !== undefined;
  const columns: NumberColumn[] = hasWeights
    ? [...numberColumns, { name: "weight", dtype: "float32" }]
    : numberColumns;
  const names = columns.map(({ name }) => name);
  const keptColumns = input.table?.carried ?? [];
  const carried: readonly CarriedColumn[] =
    times && keptColumns.length === 0 ? [{ name: "row", kind: "integer" }] : keptColumns;
  const all = [...carried.map(({ name }) => name), ...(times ? ["t"] : []), ...names];
  const twice = all.find((name, i) => all.indexOf(name) < i);
  if (twice !== undefined)
    throw new ConfigError(
      `OUT ${path} would have two columns ${twice}${times && (twice === "t" || twice === "row") ? ", of which path=true adds one: write a .npy file" : ": rename one"}`,
    );
  const at = timeLabel(trained.config, end);
  const obsm = place && `${place.layer}_at_${at}`;
  const writer: RowsWriter = place
    ? await h5adWriter(temporary, place.path, {
        added: [
          { obsm, columns: numberColumns.map(({ name }) => name) },
          { obsm: null, columns: hasWeights ? [`weight_at_${at}`] : [] },
        ],
        command: "sample",
        record: runRecord(trained, settings),
      })
    : openTableWriter(temporary, {
        format: outputFormat(path) as OutputFormat,
        carried,
        columns: times ? [{ name: "t", dtype: "float64" }, ...columns] : columns,
      });
  let written = 0;
  let states: Float64Array[][] = [];
  return {
    about: () =>
      obsm
        ? `${path}, obsm ${obsm} of ${written} rows and ${numberColumns.length} columns`
        : `${path}, ${written} rows of ${all.length} columns`,
    async put(x, { k, first, carried: cells, rows, weights }) {
      const numbers = tidy(() => units.undo(x.to({ device: "cpu" })));
      if (k === (times?.length ?? 1) - 1) seen?.(numbers);
      if (weights && hasWeights) numbers.push(Float64Array.from(weights.toNumbers()));
      let batch: RowsBatch = { count: x.size(0), rows, numbers, carried: cells };
      if (times) {
        states.push(numbers);
        if (k < times.length - 1) return;
        const ids = keptColumns.length === 0 ? [rowNumbers(first, x.size(0))] : cells;
        batch = longRows(states, { times, ids });
        states = [];
      }
      await writer.write(batch);
      written += batch.count;
    },
    close: () => writer.close(),
    abandon: () => writer.abandon(),
  };
}

/** A record for uns: the run, its options, its metrics with floors. */
export function runRecord({ folder, config }: Trained, settings: object): UnsValue {
  const { method, sigma, seed, Dataset, Dataset_transfer } = config;
  const run = { method, sigma, seed, Dataset, Dataset_transfer };
  const rows = readQuality(folder)?.rows ?? [];
  const metrics = rows.map(({ name, direction, at, column, value, floor, ceiling }) => [
    [name, direction, at, column].filter(Boolean).join(" "),
    known({ value, floor, ceiling }),
  ]);
  return {
    version,
    folder,
    run: known(run),
    settings: known(settings),
    metrics: Object.fromEntries(metrics),
  };
}

const known = (record: object): UnsValue =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null));

const rowNumbers = (first: number, n: number): bigint[] =>
  Array.from({ length: n }, (_, i) => BigInt(first + i));

function longRows(
  states: readonly Float64Array[][],
  { times, ids }: { times: readonly number[]; ids: readonly (readonly CarriedCell[])[] },
): TableBatch {
  const steps = times.length;
  const [first = []] = states;
  const count = steps * (first[0]?.length ?? 0);
  const column = (value: (row: number, k: number) => number) =>
    Float64Array.from({ length: count }, (_, i) => value(Math.floor(i / steps), i % steps));
  const numbers = first.map((_, c) => column((row, k) => states[k]?.[c]?.[row]));
  return {
    count,
    numbers: [column((_, k) => times[k]), ...numbers],
    carried: ids.map((cells) => cells.flatMap((cell) => Array<CarriedCell>(steps).fill(cell))),
  };
}

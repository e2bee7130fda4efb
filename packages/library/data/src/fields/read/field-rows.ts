// Fields of a file as rows: float32 [n, C, H, W], NaN for missing values.
import { closeSync, openSync, readSync } from "node:fs";
import { badTable, DatasetError, firstOf } from "../../errors.js";
import { checkUnpacked } from "../../files/archive.js";
import { attempt, isFolder } from "../../files/read.js";
import type { ChannelSource } from "../cf/channels.js";
import { type FieldGrid, readGrid } from "../cf/grid.js";
import { unpacking } from "../cf/packing.js";
import type { GridSize } from "../coarsen.js";
import {
  type FieldDimension,
  type FieldFile,
  type FieldFormat,
  type FieldVariable,
  readStored,
  strideOf,
} from "../file/field-file.js";

/** Which fields of a file to read. */
export interface FieldReading {
  /** Variables such as pr, or levels such as ta@850; null: the only variable. */
  variables: readonly string[] | null;
  /** Further marks of missing values, after unpacking. */
  marks: readonly number[];
  /** Reads variables without times, of a grid of this size, as one field: all of them if none is named. */
  statics?: GridSize;
}

/** The dimension of fields without times. */
const oneTime = "static";

/** A file of fields, opened in a thread or here. */
export interface FieldTask {
  path: string;
  /** In bytes; of a folder the sum of its files. */
  size: number;
  reading: FieldReading;
}

/** What a file of fields holds. */
export interface FieldFacts {
  /** Format of the file. */
  format: FieldFormat;
  /** Variables, times and grid. */
  grid: FieldGrid;
}

/** An open file of fields. */
export interface FieldRows extends FieldFacts {
  /** Rows [count, C, H, W] from `first` on, from north to south. */
  read(first: number, count: number): Promise<Float32Array>;
  /** Closes the file. */
  close(): void;
}

const beginnings = { netcdf3: [0x43, 0x44, 0x46], hdf5: [0x89, 0x48, 0x44, 0x46] };

/** What a file of fields is by its first bytes; null: something else. */
export function containerOf(path: string): "zarr" | "netcdf3" | "hdf5" | null {
  if (isFolder(path)) return "zarr";
  const bytes = new Uint8Array(4);
  attempt(path, () => {
    const handle = openSync(path, "r");
    readSync(handle, bytes);
    closeSync(handle);
  });
  const begins = (name: keyof typeof beginnings) =>
    beginnings[name].every((byte, i) => bytes[i] === byte);
  return begins("netcdf3") ? "netcdf3" : begins("hdf5") ? "hdf5" : null;
}

async function openFile({ path, size }: FieldTask): Promise<FieldFile> {
  const container = containerOf(path);
  if (container === "zarr") return (await import("./zarr.js")).openZarr(path);
  if (container === "netcdf3") return (await import("./netcdf3.js")).openNetcdf3(path, size);
  if (container === "hdf5") return (await import("./netcdf4.js")).openNetcdf4(path);
  throw new DatasetError(
    "WrongSet",
    `${path}: its first bytes belong to another format: expected NetCDF 3 or 4, as its name says; give it the ending of its format`,
  );
}

/**
 * Opens the fields of a file.
 * @throws {DatasetError}, and errors of the reader.
 */
export async function openFieldRows(task: FieldTask): Promise<FieldRows> {
  const { path, size, reading } = task;
  const file = await openFile(task);
  try {
    const named = reading.variables;
    const { grid, sources } = reading.statics
      ? await readGrid(path, ...staticVariables(path, file, { ...reading, size: reading.statics }))
      : await readGrid(path, file, named);
    const n = grid.time.size;
    const variables = [...new Set(sources.map(({ variable }) => variable))];
    const bytes = variables.reduce((sum, one) => sum + 4 * n * strideOf(one, 0), 0);
    checkUnpacked(path, bytes, "BadTable", { size, cure: "write it again without compression" });
    const channels = sources.map((source) => channelOf(source, grid, reading.marks));
    return {
      format: file.format,
      grid,
      close: () => file.close(),
      async read(first, count) {
        const rows = new Float32Array(count * channels.length * grid.y.size * grid.x.size);
        for (const variable of variables)
          await readVariable(variable, channels, { first, count, rows });
        return rows;
      },
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

/**
 * A file whose variables on a grid without times are fields of one time, and the names of those to read.
 * @throws {DatasetError} `BadTable` if there are none.
 */
function staticVariables(
  path: string,
  file: FieldFile,
  { variables: names, size: [height, width] }: Pick<FieldReading, "variables"> & { size: GridSize },
): [FieldFile, readonly string[]] {
  const variables = file.variables.flatMap((variable) => {
    const grid = variable.dimensions.filter(({ size }) => size > 1);
    const sizes = grid.map(({ size }) => size);
    const isOnGrid = [`${[height, width]}`, `${[width, height]}`].includes(`${sizes}`);
    if (!variable.numberType || !isOnGrid) return variable.dimensions.length === 1 ? variable : [];
    const [first] = variable.dimensions as [FieldDimension];
    const count = first.size;
    return {
      ...variable,
      dimensions: [{ name: oneTime, size: 1 }, ...grid],
      read: () => variable.read(0, count),
    };
  });
  const known = variables.filter(({ dimensions }) => dimensions.length > 1).map(({ name }) => name);
  const missing = names?.find((name) => !known.includes(name));
  if (missing === undefined && known.length > 0) return [{ ...file, variables }, names ?? known];
  throw badTable(
    path,
    `has no ${missing ?? "variable"} without times on ${height}×${width} cells${known.length > 0 ? `; there are ${firstOf(known, 12)}` : ""}: expected static fields on the grid of the data`,
  );
}

/** Stored numbers that are read at once: a variable may have more levels than channels. */
const mostStored = 2 ** 22;
/** Stored numbers of the rows of a chunk, up to which they are read at once. */
const mostOfChunk = 2 ** 26;

/** The rows to read at once from row `begin` on: up to the end of a chunk, or fewer of large chunks. */
function rowsAtOnce(variable: FieldVariable, begin: number): number {
  const { chunks, rowNumbers = strideOf(variable, 0) } = variable;
  const rows = chunks?.[0] || 1;
  const most = Math.max(1, Math.floor(mostStored / rowNumbers));
  if (rows * rowNumbers > mostOfChunk) return most;
  return Math.ceil(Math.max(most, rows) / rows) * rows - (begin % rows);
}

/** Reads the channels of a variable into rows [count, C, H, W]. */
async function readVariable(
  variable: FieldVariable,
  channels: readonly Channel[],
  { first, count, rows }: { first: number; count: number; rows: Float32Array },
): Promise<void> {
  const length = strideOf(variable, 0);
  const area = rows.length / (count * channels.length);
  for (let begin = 0, part = 0; begin < count; begin += part) {
    part = Math.min(rowsAtOnce(variable, first + begin), count - begin);
    const stored = await readStored(variable, [first + begin, part]);
    for (const [c, channel] of channels.entries())
      for (let row = 0; row < part && channel.variable === variable; row++)
        channel.copy(stored, row * length, rows, ((begin + row) * channels.length + c) * area);
  }
}

interface Channel extends Pick<ChannelSource, "variable"> {
  /** Copies a field from stored numbers to values. */
  copy(from: ArrayLike<number | bigint>, at: number, to: Float32Array, place: number): void;
}

function channelOf(
  { variable, offset, strides }: ChannelSource,
  { y, x, isFlipped }: FieldGrid,
  marks: readonly number[],
): Channel {
  const unpack = unpacking(variable, marks);
  const height = y.size;
  const width = x.size;
  return {
    variable,
    copy(from, at, to, place) {
      for (let i = 0; i < height; i++) {
        const line = isFlipped ? height - 1 - i : i;
        for (let j = 0; j < width; j++) {
          const cell = offset + line * strides.y + j * strides.x;
          to[place + i * width + j] = unpack(Number(from[at + cell]));
        }
      }
    },
  };
}

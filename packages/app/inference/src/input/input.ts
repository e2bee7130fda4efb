import { existsSync, statSync } from "node:fs";
import { type Conditions, type Direction, decodeImages, mapConditions } from "@dsbm/bridge";
import { ConfigError } from "@dsbm/config";
import {
  DatasetError,
  type FieldRows,
  fieldsPrefix,
  isPictureName,
  type KeptCell,
  type KeptColumn,
  loadTable,
  mapArray,
  prepareTable,
  type RowSource,
  tableFormat,
} from "@dsbm/data";
import { checkSavedFolder, conditionsOf, loadOptions } from "@dsbm/datasets";
import { fileError, isFieldPath } from "@dsbm/files";
import type { Progress } from "@dsbm/runs";
import { type Tensor, tidy } from "@dsbm/torch";
import { RowNoise } from "@dsbm/train";
import { endLaw, readProjection, type Trained } from "../trained.js";
import { commandOption } from "./command-option.js";
import { fieldInput } from "./fields.js";
import { inParts } from "./parts.js";
import { pictureInput } from "./pictures.js";
import { type TableKeys, tableInput } from "./table.js";

/** Samples of an input, with what its output copies. */
export interface InputRows {
  /** [count, …] on the processor, float32, in the network's units. */
  x: Tensor;
  /** Of a table: the values of its columns in the file. */
  numbers?: readonly Float64Array[];
  /** Cells of each kept column. */
  kept: readonly (readonly KeptCell[])[];
  /** Row numbers of a table's file, from 0. */
  rows?: Int32Array;
  conditions?: Conditions | undefined;
}

/** An open input. */
export interface Input extends Disposable {
  /** Number of samples; null if only reading tells. */
  n: number | null;
  /** What it is, for people. */
  about: string;
  /** Names of its images. */
  names?: readonly string[];
  /** The table, if it is one. */
  table?: InputTable;
  /** The file of fields, if it is one. */
  fields?: FieldRows;
  conditions?: Conditions | undefined;
  /** Reads everything to count the samples, if `n` is null. */
  count?(): Promise<number>;
  /** All samples in order, `batchRows` at a time; the caller owns them. */
  batches: AsyncIterable<InputRows>;
  /** Lines about skipped rows. */
  notes?(): string[];
}

/** The table of an input. */
export interface InputTable {
  /** The open table. */
  source: RowSource;
  /** Columns that become samples. */
  names: readonly string[];
  /** Columns that the output copies. */
  kept: readonly KeptColumn[];
  /** Place in a .h5ad file. */
  h5ad: H5adPlace | null;
}

/** A command that turns the file `input` into the file `output`. */
export interface FileJob<Config> {
  run: string;
  input: string;
  output: string;
  config: Config;
  /** Shows how far the job is. */
  progress: Progress;
  signal?: AbortSignal | undefined;
}

/**
 * Returns null if the job was stopped.
 * @throws the error, with the options of the command.
 */
export function nullIfStopped(error: unknown, { output, signal, config }: FileJob<object>): null {
  if (signal?.aborted && error === signal.reason) return null;
  if (error instanceof DatasetError) throw error.withOptions(commandOption(config));
  throw error instanceof Error && "errno" in error ? fileError("write", output, error) : error;
}

/** Frees samples and their conditions. */
export function disposeRows({ x, conditions }: Pick<InputRows, "x" | "conditions">): void {
  for (const t of [x, conditions?.cond, conditions?.y]) t?.dispose();
}

/** The source matrix of a .h5ad file. */
export interface H5adPlace {
  path: string;
  layer: string;
}

/** How an input is read. */
export interface InputOptions {
  /** The run that its samples are for. */
  trained: Trained;
  /** The direction in which they go. */
  direction: Direction;
  /** The process time of the samples; null: rows of all times. */
  start: number | null;
  /** Samples of a batch. */
  batchRows: number;
  /** Seed of Gaussian samples. */
  seed: number;
  /** Whether images are resized to the size of the run; null: if the run was trained on folders of images. */
  resize: boolean | null;
  /** Largest image, in pixels. */
  max_pixels: number;
  /** Options of tables. */
  keys: TableKeys;
  /** Variables of a file of fields; null: as in the run. */
  variables: readonly string[] | null;
  /** Shows how far the reading is. */
  progress: Progress;
  /** Stops the reading. */
  signal: AbortSignal | undefined;
}

/**
 * Opens the input that an argument names.
 * @throws {ConfigError} for an argument that is no input of the run, and errors of its files
 */
export async function openInput(word: string, options: InputOptions): Promise<Input> {
  const gaussian = /^gaussian:(.*)$/.exec(word);
  // Training datasets have these prefixes.
  const path = word.replace(/^(table|array|fields):/, "");
  const there = !gaussian && existsSync(path);
  if (there && !statSync(path).isFile() && !statSync(path).isDirectory())
    throw new ConfigError(
      `NEW ${path} is no regular file but a pipe or a device, and NEW is read more than once: write it to a file first`,
    );
  const isFields = !gaussian && (word.startsWith(fieldsPrefix) || (there && isFieldPath(path)));
  const pictures = there && !isFields && (statSync(path).isDirectory() || isPictureName(path));
  if (options.resize && !pictures)
    throw new ConfigError(
      `resize=true scales images to the run's size, but NEW is ${word}: leave it out`,
    );
  if (gaussian) return gaussianInput(gaussian[1], options);
  if (pictures) return pictureInput(path, options);
  if (isFields) return fieldInput(path, options);
  const format = tableFormat(path);
  const isName = format === undefined && (word.startsWith("folder:") || !/[\\/]/.test(word));
  if (!there && isName) return namedInput(word, options);
  if (!there)
    throw new ConfigError(
      `NEW ${word} does not exist: give a table (.csv, .tsv, .parquet, .npy, .npz, .h5ad), fields (.nc, .zarr), a folder of images, gaussian:N, or a named dataset such as mnist_2`,
    );
  return options.trained.shape.length === 1 ? tableInput(path, options) : arrayInput(path, options);
}

function gaussianInput(text: string, options: InputOptions): Input {
  const { trained, direction, seed, batchRows } = options;
  const n = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(n) || n < 1)
    throw new ConfigError(
      `NEW gaussian:${text}: expected a number of samples; write for example gaussian:100`,
    );
  const { about, from } = endpointLaw(options);
  return {
    n,
    about: `${n} draws of the Gaussian at time ${direction === "b" ? 1 : 0}: ${about}`,
    batches: inParts(n, batchRows, (first, count) => {
      const rows = new RowNoise({ first, n: count }, { seed, purpose: "start" });
      return tidy(() => from(rows.normal(trained.shape)).keep());
    }),
    [Symbol.dispose]() {},
  };
}

function endpointLaw({ trained, direction }: InputOptions): {
  about: string;
  from: (z: Tensor) => Tensor;
} {
  const { config, shape, folder } = trained;
  const { transfer, Dataset, Dataset_transfer, data } = config;
  const start = direction === "b" ? Dataset_transfer : Dataset;
  if (transfer && start === "gaussian") {
    const mean = direction === "b" ? data.a : -data.a;
    return { about: `mean ${mean}, variance 1`, from: (z) => z.add(mean) };
  }
  if (transfer || direction === "f") {
    const [there, instead] = transfer
      ? ["are data at both ends", `give samples of ${start}`]
      : [`is ${Dataset} at time 0, and the Gaussian at time 1`, "write direction=b"];
    throw new ConfigError(
      `NEW gaussian:… is no end of ${folder} in direction ${direction}: there ${there}; ${instead}`,
    );
  }
  const { text, from } = endLaw(config, shape);
  return { about: text, from };
}

const dtypes = ["float32", "float64", "uint8"];

/** Opens float32 or float64 in the network's units, or bytes of images. */
function arrayInput(path: string, options: InputOptions): Input {
  if (options.trained.channels)
    throw new ConfigError(
      `NEW ${path} is an array without units, ${options.trained.folder} bridges fields with units: give a NetCDF file (.nc) or a Zarr folder (.zarr)`,
    );
  const x = tidy(() => mapArray(path).keep());
  const highest = tidy(() => {
    const some = x.narrow(0, 0, Math.min(100, x.size(0))).flatten();
    return some.numel > 0 && some.min().item() >= 0 ? some.max().item() : 0;
  });
  // A run of arrays has their numbers, whatever their range.
  const isOwn = options.trained.config.Dataset.startsWith("array:");
  if (x.dtype !== "uint8" && highest > 16 && !isOwn)
    throw new ConfigError(
      `${path} holds floats from 0 to ${highest}; expected values from −1 to 1, or bytes: save pixels of 0 to 255 with .astype("uint8"), or x / 127.5 - 1`,
    );
  return storedInput(x, { name: path, about: `${path}, ${x.dtype} [${x.shape}]` }, options);
}

/** Opens the test split of a dataset, loaded as the run does. */
async function namedInput(name: string, options: InputOptions): Promise<Input> {
  const { trained, direction, progress, signal } = options;
  const { config, folder } = trained;
  const load = loadOptions("test", direction === "f" ? "x0" : "x1", config);
  try {
    await prepareTable(name, {
      ...load,
      progress: ({ done, total }) =>
        progress.update({
          label: `decoding ${name}`,
          step: done,
          ...(total !== null && { steps: total }),
        }),
      ...(signal && { signal }),
      checkFolder: checkSavedFolder,
    });
  } catch (error) {
    if (!(error instanceof DatasetError) || error.code !== "UnknownSet") throw error;
    throw new ConfigError(`NEW ${name} is no file or folder here, and ${error.message}`);
  }
  const table = loadTable(name, load);
  const conditions = conditionsOf(table, config);
  mapConditions(conditions, (t) => t.keep());
  const x = config.data.components === null ? table.x : toComponents(table.x, folder);
  const about = `${name} (test), ${x.size(0)} samples from ${table.source}`;
  return storedInput(x.keep(), { name, about, conditions }, options);
}

/** Takes x [n, …] and the conditions. */
function storedInput(
  x: Tensor,
  { name, about, conditions }: { name: string; about: string; conditions?: Conditions | undefined },
  { trained: { shape, folder }, batchRows }: InputOptions,
): Input {
  const [n = 0, ...size] = x.shape;
  if (`${size}` !== `${shape}` || n === 0 || !dtypes.includes(x.dtype))
    throw new ConfigError(
      `NEW ${name} is ${x.dtype} [${x.shape.join(", ")}]; expected ${dtypes.join(", ")} of [n, ${shape.join(", ")}], the samples of ${folder}`,
    );
  return {
    n,
    about,
    conditions,
    batches: inParts(n, batchRows, (first, count) =>
      tidy(() => {
        const rows = x.narrow(0, first, count);
        const decoded = x.dtype === "uint8" ? decodeImages(rows) : rows.to("float32").clone();
        return decoded.keep();
      }),
    ),
    [Symbol.dispose]() {
      for (const t of [x, conditions?.cond, conditions?.y]) t?.dispose();
    },
  };
}

function toComponents(x: Tensor, folder: string): Tensor {
  const projection = readProjection(folder);
  const rows = tidy(() => projection.project(decodeImages(x)).keep());
  projection.dispose();
  return rows;
}

import { existsSync, statSync } from "node:fs";
import type { Conditions, Direction } from "@dsbm/bridge";
import { ConfigError } from "@dsbm/config";
import {
  type CarriedCell,
  type CarriedColumn,
  DatasetError,
  type RowSource,
  tableFormat,
} from "@dsbm/data";
import { fileError } from "@dsbm/files";
import type { Progress } from "@dsbm/runs";
import { type Tensor, tidy } from "@dsbm/torch";
import { RowNoise } from "@dsbm/train";
import type { Trained } from "../trained.js";
import { endLaw } from "../trained.js";
import { arrayInput, inParts, isPicture, namedInput, pictureInput } from "./images.js";
import { type TableKeys, tableInput } from "./table.js";

export interface InputRows {
  /** [count, …] on the processor, float32, in the network's units. */
  x: Tensor;
  /** Cells of each kept column. */
  carried: readonly (readonly CarriedCell[])[];
  /** Row numbers of a table's file, from 0. */
  rows?: Int32Array;
  conditions?: Conditions | undefined;
}

export interface Input extends Disposable {
  /** Number of samples; null if only reading tells. */
  n: number | null;
  about: string;
  names?: readonly string[];
  table?: InputTable;
  conditions?: Conditions | undefined;
  /** Reads everything to count the samples, if `n` is null. */
  count?(): Promise<number>;
  /** All samples in order, `batchRows` at a time; the caller owns them. */
  batches: AsyncIterable<InputRows>;
  /** Lines about skipped rows. */
  notes?(): string[];
}

export interface InputTable {
  source: RowSource;
  names: readonly string[];
  carried: readonly CarriedColumn[];
  /** Place in a .h5ad file. */
  h5ad: H5adPlace | null;
}

/** A command that turns the file `input` into the file `output`. */
export interface FileJob<Config> {
  run: string;
  input: string;
  output: string;
  config: Config;
  progress: Progress;
  signal?: AbortSignal | undefined;
}

/** Returns null if the job was stopped. Throws the error in the words of the command. */
export function failed(error: unknown, { output, signal }: FileJob<unknown>): null {
  if (signal?.aborted && error === signal.reason) return null;
  if (error instanceof DatasetError) {
    const text = error.message
      .replace(/, or (write )?data\.exclude=\S+$/, "")
      .replace("; for images write array:PATH.npy", "");
    throw new DatasetError(error.code, text.replaceAll(/\bdata\.(?=[a-z1]+=)/g, ""));
  }
  throw error instanceof Error && "errno" in error ? fileError("write", output, error) : error;
}

export function disposeRows({ x, conditions }: Pick<InputRows, "x" | "conditions">): void {
  for (const t of [x, conditions?.cond, conditions?.y]) t?.dispose();
}

/** The source matrix of a .h5ad file. */
export interface H5adPlace {
  path: string;
  layer: string;
}

export interface InputOptions {
  trained: Trained;
  direction: Direction;
  /** The process time of the samples; null: rows of all times. */
  start: number | null;
  batchRows: number;
  seed: number;
  resize: boolean | null;
  max_pixels: number;
  keys: TableKeys;
  progress: Progress;
  signal: AbortSignal | undefined;
}

/** Opens the input that an argument names. */
export async function openInput(word: string, options: InputOptions): Promise<Input> {
  const gaussian = /^gaussian:(.*)$/.exec(word);
  // Training datasets have these prefixes.
  const path = word.replace(/^(table|array):/, "");
  const there = !gaussian && existsSync(path);
  if (there && !statSync(path).isFile() && !statSync(path).isDirectory())
    throw new ConfigError(
      `NEW ${path} is no regular file but a pipe or a device, and what is carried is read more than once: write it to a file first`,
    );
  const pictures = there && (statSync(path).isDirectory() || isPicture(path));
  if (options.resize && !pictures)
    throw new ConfigError(
      `resize=true scales images to the run's size, but NEW is ${word}: leave it out`,
    );
  if (gaussian) return gaussianInput(gaussian[1], options);
  if (pictures) return pictureInput(path, options);
  const format = tableFormat(path);
  const isName = format === undefined && (word.startsWith("folder:") || !/[\\/]/.test(word));
  if (!there && isName) return namedInput(word, options);
  if (!there)
    throw new ConfigError(
      `NEW ${word} does not exist: give a table (.csv, .tsv, .parquet, .npy, .npz, .h5ad), a folder of images, gaussian:N, or a named dataset such as mnist_2`,
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
  const { about, from } = law(options);
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

function law({ trained, direction }: InputOptions): {
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

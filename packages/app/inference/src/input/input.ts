// What is sampled from: a table or an array of any size, pictures, a named data set, or the Gaussian end.
import { existsSync, statSync } from "node:fs";
import type { Conditions, Direction } from "@dsbm/bridge";
import { UsageError } from "@dsbm/config";
import { type CarriedCell, type CarriedColumn, tableFormat } from "@dsbm/data";
import type { Progress } from "@dsbm/runs";
import { type Tensor, tidy } from "@dsbm/torch";
import type { Trained } from "../trained.js";
import { arrayInput } from "./array.js";
import { gaussianInput } from "./gaussian.js";
import { namedInput } from "./named.js";
import { isPicture, pictureInput } from "./pictures.js";
import { type TableKeys, tableInput } from "./table.js";

/** Rows that were read, the caller's. */
export interface InputRows {
  /** [count, …] on the processor, float32, as networks take them. */
  x: Tensor;
  /** Cells of the columns of a table that are carried along. */
  carried?: readonly (readonly CarriedCell[])[];
  /** Their conditions, where they stand in the rows. */
  given?: Conditions | undefined;
}

export interface Input {
  /** Samples in all; null where only reading tells. */
  n: number | null;
  /** One line for people. */
  about: string;
  /** Names of the samples, without their endings, where they have some. */
  names?: readonly string[];
  /** The columns of a table: those that networks take, and those that are carried along. */
  table?: { names: readonly string[]; carried: readonly CarriedColumn[] };
  /** Conditions of the samples, where the input has some. */
  conditions?: Conditions | undefined;
  /** Reads everything for the number of samples, where `n` is null. */
  count?(): Promise<number>;
  /** Rows [first, first + count), asked for in their order; fewer, or null, at an end that was not known. */
  read(first: number, count: number): Promise<InputRows | null>;
  close?(): void;
}

export interface InputOptions {
  trained: Trained;
  direction: Direction;
  seed: number;
  resize: boolean;
  /** Pixels of a picture beyond which it is refused. */
  max_pixels: number;
  /** How tables are read. */
  keys: TableKeys;
  progress: Progress;
  signal: AbortSignal | undefined;
}

/**
 * Opens what a word names; rows that are read are finite. Throws a UsageError for what is not there and what has no
 * samples of the run's shape, DatasetError and TorchError for damaged files.
 */
export async function openInput(word: string, options: InputOptions): Promise<Input> {
  const input = await opened(word, options);
  return {
    ...input,
    async read(first, count) {
      const rows = await input.read(first, count);
      if (rows === null) return null;
      const finite = tidy(() => rows.x.flatten({ startDim: 1 }).isfinite().toArray() as Uint8Array);
      const at = finite.indexOf(0);
      if (at < 0) return rows;
      const size = finite.length / rows.x.size(0);
      rows.x.dispose();
      throw new UsageError(
        `${word}: sample ${first + Math.floor(at / size)} has values that are NaN or infinite: take it out or repair it`,
      );
    },
  };
}

async function opened(word: string, options: InputOptions): Promise<Input> {
  const gaussian = /^gaussian:(.*)$/.exec(word);
  // As the data sets of training are called.
  const path = word.replace(/^(table|array):/, "");
  const there = !gaussian && existsSync(path);
  if (there && !statSync(path).isFile() && !statSync(path).isDirectory())
    throw new UsageError(
      `NEW ${path} is no regular file but a pipe or a device, and what is carried is read more than once: write it to a file first`,
    );
  const pictures = there && (statSync(path).isDirectory() || isPicture(path));
  if (options.resize && !pictures)
    throw new UsageError(
      `resize=true brings pictures to the run's size, but NEW is ${word}: leave it out`,
    );
  if (gaussian) return gaussianInput(gaussian[1] as string, options);
  if (pictures) return pictureInput(path, options);
  const format = tableFormat(path);
  const isName = format === undefined && (word.startsWith("folder:") || !/[\\/]/.test(word));
  if (!there && isName) return namedInput(word, options);
  if (!there)
    throw new UsageError(
      `NEW ${word} is not there: give a table (.csv, .tsv, .parquet, .npy, .npz, .h5ad), a folder of pictures, gaussian:N, or a named data set such as mnist_2`,
    );
  return options.trained.shape.length === 1 ? tableInput(path, options) : arrayInput(path, options);
}

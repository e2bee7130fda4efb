// What is sampled from: a .npy file of any size, a folder of pictures, a named image set, or the Gaussian end.
import { existsSync, statSync } from "node:fs";
import { type Conditions, type Direction, decodeImages } from "@dsbm/bridge";
import { io, type Tensor, tidy } from "@dsbm/torch";
import { UsageError } from "../terminal/errors.js";
import type { Progress } from "../terminal/progress.js";
import { gaussianInput } from "./input-gaussian.js";
import { pictureInput } from "./input-pictures.js";
import { namedInput } from "./input-set.js";
import type { Trained } from "./trained.js";

export interface Input {
  /** Samples in all. */
  n: number;
  /** One line for people. */
  about: string;
  /** Names of the samples, without their endings, where they have some. */
  names?: readonly string[];
  /** Conditions of the samples, where the input has some. */
  conditions?: Conditions | undefined;
  /** Rows [count, …] on the processor, float32, as networks take them; the caller's. */
  read(first: number, count: number): Promise<Tensor>;
  close?(): void;
}

export interface InputOptions {
  trained: Trained;
  direction: Direction;
  seed: number;
  resize: boolean;
  progress: Progress;
  signal: AbortSignal | undefined;
}

/**
 * Opens what a word names; rows that are read are finite. Throws a UsageError for what is not there and what has no
 * samples of the run's shape, DatasetError and FormatError for damaged files.
 */
export async function openInput(word: string, options: InputOptions): Promise<Input> {
  const input = await opened(word, options);
  return {
    ...input,
    async read(first, count) {
      const rows = await input.read(first, count);
      const finite = tidy(() => rows.flatten({ startDim: 1 }).isfinite().toArray() as Uint8Array);
      const at = finite.indexOf(0);
      if (at < 0) return rows;
      rows.dispose();
      throw new UsageError(
        `${word}: sample ${first + Math.floor((at * count) / finite.length)} has values that are NaN or infinite: take it out or repair it`,
      );
    },
  };
}

async function opened(word: string, options: InputOptions): Promise<Input> {
  const gaussian = /^gaussian:(.*)$/.exec(word);
  const folder = !gaussian && existsSync(word) && statSync(word).isDirectory();
  if (options.resize && !folder)
    throw new UsageError(
      `resize=true brings pictures of a folder to the run's size, but INPUT is ${word}: leave it out`,
    );
  if (gaussian) return gaussianInput(gaussian[1] as string, options);
  if (folder) return pictureInput(word, options);
  const path = /[\\/]|\.np[yz]$/.test(word) && !word.startsWith("folder:");
  return existsSync(word) || path ? arrayInput(word, options.trained) : namedInput(word, options);
}

/** Opens a file of float32 or float64 as networks take samples, or bytes of pictures; it is read by rows. */
function arrayInput(path: string, trained: Trained): Input {
  if (!existsSync(path))
    throw new UsageError(
      `INPUT ${path} is not there: give a .npy file, a folder of pictures, gaussian:N, or a named data set such as mnist_2`,
    );
  const file = io.npy.open(path);
  const { dtype, shape } = file;
  const problem = problemOf(file, path, trained);
  if (problem !== null) {
    file.close();
    throw new UsageError(problem);
  }
  return {
    n: shape[0] as number,
    about: `${path}, ${dtype} [${shape}]`,
    read: async (first, count) =>
      tidy(() => {
        const raw = io.fromRaw(file.rows(first, count));
        return (dtype === "uint8" ? decodeImages(raw) : raw.to("float32")).keep();
      }),
    close: () => file.close(),
  };
}

function problemOf({ dtype, shape }: io.npy.NpyFile, path: string, trained: Trained) {
  const pictures = trained.shape.length > 1;
  const dtypes = ["float32", "float64", ...(pictures ? ["uint8"] : [])];
  if (!dtypes.includes(dtype))
    return `${path} holds ${dtype}; expected ${dtypes.join(", ")}: save it again with .astype("float32")`;
  if (`${shape.slice(1)}` !== `${trained.shape}` || shape.length < 2)
    return `${path} has shape [${shape.join(", ")}]; expected [n, ${trained.shape.join(", ")}], the samples of ${trained.folder}`;
  return shape[0] === 0 ? `${path} has no samples: [${shape.join(", ")}]` : null;
}

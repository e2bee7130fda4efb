import { existsSync, readdirSync, statSync } from "node:fs";
import { extname } from "node:path";
import { ConfigError } from "@dsbm/config";
import { type CarriedCell, outputFormat, outputFormats } from "@dsbm/data";
import { type StagedPath, stageFile, stageFolder } from "@dsbm/files";
import type { Tensor } from "@dsbm/torch";
import type { Bridge } from "../bridge.js";
import type { Input } from "../input/input.js";
import type { Trained } from "../trained.js";
import { arrayWriter, pictureWriter } from "./images.js";
import { rowsWriter } from "./rows.js";

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

type Kind = "table" | "h5ad" | "array" | "picture" | "folder";

function kindOf(path: string, { shape }: Trained, paths: boolean): Kind | null {
  const ending = extname(path).toLowerCase();
  const array = ending === ".npy";
  if (shape.length === 1) {
    if (ending === ".h5ad") return paths ? null : "h5ad";
    if (outputFormat(path) === undefined) return null;
    return array && paths ? "array" : "table";
  }
  if (array) return "array";
  const [channels] = shape;
  if (paths || (channels !== 1 && channels !== 3)) return null;
  if (ending === ".png") return "picture";
  // Another ending belongs to a file, unless the folder exists or the name ends in a slash.
  const named = /^\.[a-z][a-z0-9]{1,6}$/.test(ending) && !/[\\/]$/.test(path);
  return named && !existsSync(path) ? null : "folder";
}

/** Whether an output needs the number of samples first. */
export const needsCount = (path: string, trained: Trained, paths: boolean): boolean =>
  kindOf(path, trained, paths) === "array";

/** Refuses an unknown format or an existing output before anything is loaded. */
export function checkOutput(
  path: string,
  { trained, paths, overwrite }: { trained: Trained; paths: boolean; overwrite: boolean },
): void {
  const kind = kindOf(path, trained, paths);
  if (kind === null) throw new ConfigError(refused(path, trained, paths));
  const there = existsSync(path) ? statSync(path) : undefined;
  const again = "give another name, or write overwrite=true";
  if (kind !== "folder") {
    if (there?.isDirectory())
      throw new ConfigError(`OUT ${path} is a folder; expected the name of a file`);
    if (there && !overwrite) throw new ConfigError(`OUT ${path} exists already: ${again}`);
    return;
  }
  if (there && !there.isDirectory())
    throw new ConfigError(
      `OUT ${path} is a file, expected a .npy file or a folder: choose another name`,
    );
  if (there && !overwrite && readdirSync(path).length > 0)
    throw new ConfigError(
      `OUT ${path} exists already and is not empty: ${again} to replace images of the same names`,
    );
}

function refused(path: string, { shape }: Trained, paths: boolean): string {
  const ending = extname(path);
  const cannot = `OUT ${path}: ${ending === "" ? "a folder" : ending} cannot be written`;
  if (shape.length === 1)
    return `${cannot} of vectors [${shape}]; expected a name that ends with ${outputFormats.join(", ")}`;
  const what = paths ? "the states of paths" : `samples [${shape.join(", ")}]`;
  const [channels] = shape;
  const pictures = !paths && (channels === 1 || channels === 3);
  return `${cannot} of ${what}; expected a name that ends with .npy${pictures ? ", .png for one image, or a folder of images (with a slash at its end)" : ""}`;
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
  const kind = kindOf(path, bridge.trained, times !== null) as Kind;
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

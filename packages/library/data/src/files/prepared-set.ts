// Datasets of the user's files, prepared once into a folder that is named by its origin.
import { basename, dirname, join, resolve } from "node:path";
import { sha256 } from "@dsbm/files";
import {
  type DataSet,
  defaultFraction,
  type Preparation,
  type PreparedRows,
  type SetOptions,
  type Table,
} from "../data-set.js";
import { DatasetError } from "../errors.js";
import { checkPrepared, prepareFolder } from "./read.js";

/** What prepared rows are made of, except the place of the file, the seed and the share of test rows. */
interface RowOrigin {
  /** The version of the prepared files. */
  version: number;
  /** The digest of the content. */
  digest: string;
  /** JSON: options of the rows, and digests of other files. */
  options: readonly unknown[];
}

/** How rows are prepared. */
export interface PrepareWork extends Pick<Preparation, "rows" | "chosen"> {
  /** Of the split. */
  seed: number;
  /** Stops the work. */
  signal: AbortSignal | undefined;
  /** The share of test rows. */
  fraction: number;
  /** Receives the rows so far; `total` is null if only reading tells. */
  progress(state: PreparedRows): void;
  /**
   * Shows other machines that the process lives.
   * @throws {FileError} "locked" if another one took the folder over.
   */
  refresh(): void;
}

interface PreparedFormat {
  about: string;
  /** Whether `prepare` resumes the work of an interrupted call in its folder (default: no). */
  resumes?: boolean;
  /** @throws {DatasetError} if nothing can be read there. */
  originOf(options: SetOptions): RowOrigin;
  /** Writes the rows into a temporary folder. */
  prepare(temporary: string, options: SetOptions, work: PrepareWork): Promise<void>;
  /** The table of a split from the prepared folder. */
  load(folder: string, options: SetOptions): Table;
}

/**
 * A dataset of the file or folder at `path`.
 * @throws {DatasetError} `ChangedFile` if it changes while it is read.
 */
export function preparedSet(
  path: string,
  { about, resumes = false, originOf, prepare, load }: PreparedFormat,
): DataSet {
  const folderOf = (options: SetOptions): string => {
    const { version, digest, options: rest } = originOf(options);
    const { directory, seed = 0, test_fraction = defaultFraction } = options;
    const facts = [version, resolve(path), digest, seed, test_fraction, ...rest];
    const end = sha256(JSON.stringify(facts)).slice(0, 16);
    const name = `${basename(path).replace(/[^\w.-]+/g, "-")}-${end}`;
    return join(directory ?? dirname(resolve(path)), "prepared", name);
  };
  return {
    about,
    async prepare(options: SetOptions & Preparation) {
      const { name, split, seed = 0, signal, progress, rows, chosen } = options;
      const folder = folderOf(options);
      const work = {
        seed,
        signal,
        rows,
        chosen,
        fraction: options.test_fraction ?? defaultFraction,
        progress: (state: PreparedRows) => progress?.({ name, split, ...state }),
      };
      await prepareFolder(
        folder,
        async (temporary, refresh) => {
          await prepare(temporary, options, { ...work, refresh });
          if (folderOf(options) !== folder)
            throw new DatasetError(
              "ChangedFile",
              `${path}: changed while it was read: expected a finished file; wait until it is written, and start again`,
            );
        },
        { check: options.checkFolder, signal, resumes },
      );
    },
    load(options) {
      const folder = folderOf(options);
      checkPrepared(folder, `${options.name} (${options.split})`);
      return load(folder, options);
    },
  };
}

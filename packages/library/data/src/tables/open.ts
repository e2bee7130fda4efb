import { closeSync, openSync, readdirSync, readSync, type Stats } from "node:fs";
import { basename, dirname } from "node:path";
import { badTable, DatasetError, didYouMean, firstOf, invalidOption } from "../errors.js";
import { attempt, isFolder, statOrUndefined } from "../files/read.js";
import { cellReader, missingNumbers } from "./cells.js";
import { areCentred } from "./embedding.js";
import { openForeign } from "./read/foreign.js";
import { openText } from "./read/text/text.js";
import {
  checkWidth,
  type Opened,
  type ReadingWatch,
  type ReadOptions,
  type RowBatch,
  type RowRequest,
  type RowSource,
  type TableColumn,
  type TableFormat,
} from "./row-source.js";

interface Format {
  ending: RegExp;
  /** The first bytes of a file of this format. */
  magic?: readonly number[];
  open(path: string, size: number, options: ReadOptions): Promise<Opened>;
}

const formats: Readonly<Record<TableFormat, Format>> = {
  csv: {
    ending: /\.csv(\.gz)?$/i,
    open: (path, size, options) => openText({ path, size, usual: "," }, options),
  },
  tsv: {
    ending: /\.(tsv|tab)(\.gz)?$/i,
    open: (path, size, options) => openText({ path, size, usual: "\t" }, options),
  },
  npy: {
    ending: /\.npy$/i,
    magic: [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59],
    open: async (path) => (await import("./read/npy.js")).openNpy(path),
  },
  npz: {
    ending: /\.npz$/i,
    magic: [0x50, 0x4b],
    open: async (path, _, options) => (await import("./read/npy.js")).openNpz(path, options),
  },
  parquet: {
    ending: /\.(parquet|pq)$/i,
    magic: [0x50, 0x41, 0x52, 0x31],
    open: (path, size, options) => openForeign("parquet", path, size, options),
  },
  h5ad: {
    ending: /\.(h5ad|h5)$/i,
    magic: [0x89, 0x48, 0x44, 0x46],
    open: (path, size, options) => openForeign("h5ad", path, size, options),
  },
};

const formatNames = Object.keys(formats) as TableFormat[];
const endings = ".csv, .tsv (also .gz), .parquet, .npy, .npz, .h5ad";

/** The format of a path by its ending; undefined for other endings. */
export const tableFormat = (path: string): TableFormat | undefined =>
  formatNames.find((name) => formats[name].ending.test(path));

/**
 * Opens a table, whose rows come in batches.
 * @example const table = await openRows("winter.csv"); for await (const { first, numbers } of table.batches({ numbers:
 * ["oxygen"] })) console.log(first, numbers[0]); table.close();
 * @throws {DatasetError} `MissingFiles` with the closest name, `UnsupportedType`, `WrongSet` for a file of another
 * format, `Unreadable`, and errors of the readers.
 */
export async function openRows(path: string, options: ReadOptions = {}): Promise<RowSource> {
  const before = checkFile(path);
  const format = tableFormat(path);
  if (format === undefined)
    throw new DatasetError(
      "UnsupportedType",
      `${path}: expected a table (${endings}); convert it to one of these formats`,
    );
  checkMagic(path, format);
  if (options.normalise !== undefined && format !== "h5ad")
    throw invalidOption(
      `data.normalise scales the counts of each cell of a .h5ad file, got ${path}: leave data.normalise out`,
    );
  const { variability, ...table } = await formats[format].open(path, before.size, options);
  checkWidth(path, table.columns.length);
  checkNames(path, table.columns);
  const { isMissing } = cellReader(options);
  const missing = missingNumbers(options.na);
  // Groups of one file share the answer.
  let centred: Promise<boolean> | undefined;
  const checkUnchanged = () => {
    const now = statOrUndefined(path);
    if (now?.size === before.size && now.mtimeMs === before.mtimeMs && now.ino === before.ino)
      return;
    throw new DatasetError(
      "ChangedFile",
      `${path}: changed while it was read (${before.size} bytes, now ${now?.size ?? "not there"}): expected a finished file; wait until it is written, and start again`,
    );
  };
  return {
    ...table,
    path,
    format,
    isMissing,
    ...(variability && { variability: (watch) => watchReading(variability(), watch) }),
    ...(table.embedding && { isCentred: () => (centred ??= areCentred(table)) }),
    async *batches(request: RowRequest) {
      const { numbers = [], texts = [] } = request;
      const known = new Set(table.columns.map(({ name }) => name));
      const absent = [...numbers, ...texts].find((name) => !known.has(name));
      if (absent !== undefined)
        throw invalidOption(
          `${path}: has no column ${absent}${didYouMean(absent, [...known]) || `; there are ${firstOf([...known], 12)}`}`,
        );
      try {
        for await (const batch of table.batches(request)) {
          if (missing.size > 0) markMissing(batch, missing);
          yield batch;
        }
      } catch (error) {
        // A file that changes during reading looks damaged.
        checkUnchanged();
        throw error;
      }
      checkUnchanged();
    },
  };
}

async function watchReading<End>(
  steps: AsyncGenerator<number, End>,
  { signal, onRows }: ReadingWatch = {},
): Promise<End> {
  for (;;) {
    signal?.throwIfAborted();
    const { value, done } = await steps.next();
    if (done) return value;
    onRows?.(value);
  }
}

function checkNames(path: string, columns: readonly TableColumn[]): void {
  const names = new Set<string>();
  for (const { name } of columns) {
    if (names.has(name))
      throw badTable(
        path,
        `has the column ${name} twice: expected each name once; rename them${/h5/i.test(tableFormat(path) ?? "") ? " (adata.var_names_make_unique())" : ""}`,
      );
    names.add(name);
  }
}

function markMissing({ numbers }: RowBatch, missing: ReadonlySet<number>): void {
  for (const column of numbers)
    for (const [i, value] of column.entries()) if (missing.has(value)) column[i] = Number.NaN;
}

/** @throws {DatasetError} `MissingFiles` and `UnsupportedType`. */
export function checkFile(path: string): Stats {
  const stats = statOrUndefined(path);
  if (stats?.isFile()) return stats;
  if (stats)
    throw new DatasetError(
      "UnsupportedType",
      stats.isDirectory()
        ? `${path}: is a folder: expected a table (${endings}); write folder:${path} for a folder of images`
        : `${path}: is a pipe, and tables are read more than once: expected a file; write it to one`,
    );
  const folder = dirname(path);
  if (!isFolder(folder))
    throw new DatasetError("MissingFiles", `${path}: no such file, and no folder ${folder}`);
  const others = attempt(folder, () => readdirSync(folder));
  throw new DatasetError(
    "MissingFiles",
    `${path}: no such file${didYouMean(basename(path), others) || `: expected the path of a table (${endings})`}`,
  );
}

function checkMagic(path: string, format: TableFormat): void {
  const { magic = [] } = formats[format];
  const start = Buffer.alloc(magic.length);
  attempt(path, () => {
    const handle = openSync(path, "r");
    readSync(handle, start);
    closeSync(handle);
  });
  if (magic.every((byte, i) => start[i] === byte)) return;
  throw new DatasetError(
    "WrongSet",
    `${path}: its first bytes belong to another format: expected .${format}, as its name says; give it the ending of its format (.csv for text)`,
  );
}

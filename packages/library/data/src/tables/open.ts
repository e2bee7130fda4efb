// Opens a table of the user's own by the ending of its name, after checks that every format shares: that there is such
// a file, that its first bytes are those of its format, and that it is the same file from the first row to the last.
import { closeSync, openSync, readdirSync, readSync, type Stats } from "node:fs";
import { basename, dirname } from "node:path";
import { DatasetError, invalidOption } from "../errors.js";
import { attempt, isFolder, status } from "../files/read.js";
import { didYouMean } from "../names.js";
import { openText } from "./read/text.js";
import type { Opened, ReadOptions, RowRequest, RowSource, TableFormat } from "./rows.js";

interface Format {
  ending: RegExp;
  /** The first bytes of such a file. */
  magic: readonly number[] | null;
  open(path: string, size: number, options: ReadOptions): Promise<Opened>;
}

const text = (usual: "," | "\t") => async (path: string, size: number, options: ReadOptions) =>
  openText({ path, size, usual, gzip: startOf(path).subarray(0, 2).equals(gzip) }, options);

const gzip = Buffer.from([0x1f, 0x8b]);

/** The formats; their readers are loaded where they are needed. */
const formats: Readonly<Record<TableFormat, Format>> = {
  csv: { ending: /\.csv(\.gz)?$/i, magic: null, open: text(",") },
  tsv: { ending: /\.(tsv|tab)(\.gz)?$/i, magic: null, open: text("\t") },
  npy: {
    ending: /\.npy$/i,
    magic: [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59],
    open: async (path, size) => (await import("./read/npy.js")).openNpy(path, size),
  },
  npz: {
    ending: /\.npz$/i,
    magic: [0x50, 0x4b],
    open: async (path, _, options) => (await import("./read/npz.js")).openNpz(path, options),
  },
  parquet: {
    ending: /\.(parquet|pq)$/i,
    magic: [0x50, 0x41, 0x52, 0x31],
    open: async (path, _, options) =>
      (await import("./read/parquet.js")).openParquet(path, options),
  },
  h5ad: {
    ending: /\.(h5ad|h5)$/i,
    magic: [0x89, 0x48, 0x44, 0x46],
    open: async (path, size, options) =>
      (await import("./read/h5ad/h5ad.js")).openH5ad(path, size, options),
  },
};

const endings = ".csv, .tsv (also .gz), .parquet, .npy, .npz, .h5ad";

/** The format that a name says; undefined for another name. */
export function tableFormat(path: string): TableFormat | undefined {
  return (Object.keys(formats) as TableFormat[]).find((name) => formats[name].ending.test(path));
}

/**
 * Opens a table. Throws a `DatasetError`: `MissingFiles` with the nearest name, `UnsupportedType` for another ending,
 * `WrongSet` for a file of another format, `Unreadable`, `BadTable`, and those of the readers.
 */
export async function openRows(path: string, options: ReadOptions = {}): Promise<RowSource> {
  const before = checkFile(path);
  const format = tableFormat(path);
  if (format === undefined)
    throw new DatasetError(
      "UnsupportedType",
      `${path}: expected a table (${endings}); convert it to one of them`,
    );
  checkMagic(path, format);
  const opened = await formats[format].open(path, before.size, options);
  const check = () => {
    const now = status(path);
    if (now?.size === before.size && now.mtimeMs === before.mtimeMs && now.ino === before.ino)
      return;
    throw new DatasetError(
      "ChangedFile",
      `${path}: changed while it was read (${before.size} bytes, now ${now?.size ?? "not there"}): expected a finished file; wait until it is written, and start again`,
    );
  };
  return {
    ...opened,
    ...{ path, format },
    async *batches(request: RowRequest) {
      const { numbers = [], texts = [] } = request;
      const known = opened.columns.map(({ name }) => name);
      const absent = [...numbers, ...texts].find((name) => !known.includes(name));
      if (absent !== undefined) throw invalidOption(`${path}: has no column ${absent}`);
      try {
        yield* opened.batches(request);
      } catch (error) {
        // A file that is being written is damaged as well; what is said is the cause.
        check();
        throw error;
      }
      check();
    },
  };
}

/** The status of a path that is a file. */
export function checkFile(path: string): Stats {
  const found = status(path);
  if (found === undefined) {
    const folder = dirname(path);
    const others = isFolder(folder) ? attempt(folder, () => readdirSync(folder)) : [];
    throw new DatasetError(
      "MissingFiles",
      `${path}: no such file${didYouMean(basename(path), others) || (isFolder(folder) ? `: expected the path of a table (${endings})` : `, and no folder ${folder}`)}`,
    );
  }
  if (found.isDirectory())
    throw new DatasetError(
      "UnsupportedType",
      `${path}: is a folder: expected a table (${endings}); write folder:${path} for a folder of pictures`,
    );
  if (!found.isFile())
    throw new DatasetError(
      "UnsupportedType",
      `${path}: is no regular file but ${found.isFIFO() ? "a pipe" : "a device"}, and tables are read more than once: write it to a file first`,
    );
  return found;
}

function startOf(path: string): Buffer {
  return attempt(path, () => {
    const handle = openSync(path, "r");
    try {
      const bytes = Buffer.alloc(8);
      return bytes.subarray(0, readSync(handle, bytes, 0, 8, 0));
    } finally {
      closeSync(handle);
    }
  });
}

function checkMagic(path: string, format: TableFormat): void {
  const start = startOf(path);
  const { magic } = formats[format];
  if (magic === null || magic.every((byte, i) => start[i] === byte)) return;
  const other = (Object.keys(formats) as TableFormat[]).find((name) =>
    formats[name].magic?.every((byte, i) => start[i] === byte),
  );
  const what =
    start.length === 0
      ? "the file is empty"
      : other
        ? `its first bytes are those of .${other}`
        : "its first bytes are those of another format";
  throw new DatasetError(
    "WrongSet",
    `${path}: ${what}: expected .${format}, as its name says; give it the ending of its format${other ? "" : " (.csv for text)"}`,
  );
}

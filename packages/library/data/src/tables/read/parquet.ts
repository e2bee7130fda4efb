// .parquet, column by column within a part of a row group, so that memory holds a part whatever the file's size.
import { type FileHandle, open } from "node:fs/promises";
import {
  type AsyncBuffer,
  type Compressors,
  type DecodedArray,
  type FileMetaData,
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
  type SchemaElement,
} from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { badTable, DatasetError, reason } from "../../errors.js";
import { checkUnpacked } from "../../files/archive.js";
import { asNumber } from "../cells.js";
import {
  batchRows,
  type Opened,
  type ReadOptions,
  type RowBatch,
  type RowRequest,
  type TableColumn,
} from "../rows.js";

/** Values of a part that are decoded together: 256 MiB of numbers. */
const partValues = 2 ** 25;

/** Rows of a row group at most: its columns are decoded page by page into lists of values. */
const mostRows = 2 ** 27;

/** Opens a parquet file; its footer is read. Throws `BadTable`, also for what unpacks to too much. */
export async function openParquet(path: string, { limits }: ReadOptions): Promise<Opened> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    const file = bufferOf(handle, size);
    const metadata = await guarded(path, () => parquetMetadataAsync(file));
    const check = (total: number) => checkUnpacked(path, total, "BadTable", { size, limits, cure });
    check(unpackedBytes(metadata));
    const groups = metadata.row_groups.map(({ num_rows }) => Number(num_rows));
    const most = Math.max(...groups, 0);
    if (most > mostRows || groups.reduce((a, b) => a + b, 0) !== Number(metadata.num_rows))
      throw badTable(
        path,
        `has row groups of up to ${most} rows, ${metadata.num_rows} in all: expected at most ${mostRows} in each, and their sum; ${cure}`,
      );
    const columns = parquetSchema(metadata).children.map(
      ({ element, children }): TableColumn => ({
        name: element.name,
        kind: children.length === 0 && isNumber(element) ? "number" : "text",
        // What pandas writes of an index that counts the rows.
        ...(/^__index_level_\d+__$/.test(element.name) && { beside: true }),
      }),
    );
    return {
      columns,
      named: true,
      rows: Number(metadata.num_rows),
      notes: [],
      batches: (request) => batches({ path, file, metadata, compressors: limited(check) }, request),
      close: () => void handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

const cure = "write it again, with smaller row groups or less compression";

/** Bytes of all columns unpacked, as the footer says. */
const unpackedBytes = ({ row_groups }: FileMetaData): number =>
  row_groups
    .flatMap(({ columns }) => columns)
    .reduce((sum, { meta_data }) => sum + Number(meta_data?.total_uncompressed_size ?? 0), 0);

/** Unpackers that look at the length that a page claims before they make room for it. */
const limited = (check: (total: number) => void): Compressors =>
  Object.fromEntries(
    Object.entries(compressors).map(([codec, unpack]) => [
      codec,
      (input: Uint8Array, length: number) => {
        check(length);
        return unpack(input, length);
      },
    ]),
  );

const bufferOf = (handle: FileHandle, byteLength: number): AsyncBuffer => ({
  byteLength,
  async slice(start, end = byteLength) {
    const bytes = new Uint8Array(Math.max(end - start, 0));
    let done = 0;
    while (done < bytes.length) {
      const { bytesRead } = await handle.read(bytes, done, bytes.length - done, start + done);
      if (bytesRead === 0) throw new Error(`ends before byte ${end}`);
      done += bytesRead;
    }
    return bytes.buffer;
  },
});

function isNumber({ type, converted_type, logical_type, repetition_type }: SchemaElement): boolean {
  if (repetition_type === "REPEATED") return false;
  const logical = logical_type?.type ?? converted_type ?? "";
  if (/^(DECIMAL|FLOAT16|U?INT|INTEGER)/.test(logical)) return true;
  return logical === "" && ["BOOLEAN", "INT32", "INT64", "FLOAT", "DOUBLE"].includes(type ?? "");
}

interface ParquetFile {
  path: string;
  file: AsyncBuffer;
  metadata: FileMetaData;
  compressors: Compressors;
}

async function* batches(
  from: ParquetFile,
  { numbers = [], texts = [], signal }: RowRequest,
): AsyncGenerator<RowBatch> {
  const width = Math.max(numbers.length + texts.length, 1);
  const [part, rows] = [Math.floor(partValues / width), batchRows(width)];
  let groupStart = 0;
  for (const group of from.metadata.row_groups) {
    const groupEnd = groupStart + Number(group.num_rows);
    for (let start = groupStart; start < groupEnd; start += part) {
      const end = Math.min(start + part, groupEnd);
      const values: Float64Array[] = [];
      const cells: string[][] = [];
      const [length, place] = [end - start, { start, end, signal }];
      for (const name of numbers) {
        const empty = new Float64Array(length).fill(Number.NaN);
        values.push(await readColumn(from, { ...place, name }, empty, asNumber));
      }
      for (const name of texts)
        cells.push(await readColumn(from, { ...place, name }, new Array(length).fill(""), textOf));
      for (let first = start; first < end; first += rows) {
        const [low, high] = [first - start, Math.min(first + rows, end) - start];
        yield {
          ...{ first, count: high - low },
          numbers: values.map((column) => column.subarray(low, high)),
          texts: cells.map((column) => column.slice(low, high)),
        };
      }
    }
    groupStart = groupEnd;
  }
}

/** Fills `column` with what `of` makes of each value of a column in rows [start, end). */
async function readColumn<C extends Float64Array | string[]>(
  { path, file, metadata, compressors: unpackers }: ParquetFile,
  {
    name,
    start,
    end,
    signal,
  }: Pick<RowRequest, "signal"> & { name: string; start: number; end: number },
  column: C,
  of: (value: unknown) => C[number],
): Promise<C> {
  signal?.throwIfAborted();
  const onChunk = ({ columnData, rowStart }: { columnData: DecodedArray; rowStart: number }) => {
    const high = Math.min(end - rowStart, columnData.length);
    for (let i = Math.max(start - rowStart, 0); i < high; i++)
      column[rowStart + i - start] = of(columnData[i]);
  };
  await guarded(path, () =>
    parquetRead({
      ...{ file, metadata, compressors: unpackers, onChunk },
      ...{ columns: [name], rowStart: start, rowEnd: end },
    }),
  );
  return column;
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== "object") return String(value);
  return JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? String(inner) : inner));
}

async function guarded<T>(path: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    if (error instanceof DatasetError) throw error;
    throw badTable(path, `cannot be read as parquet (${reason(error)}): write it again`);
  }
}

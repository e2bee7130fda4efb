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
import { badTable } from "../../errors.js";
import { checkUnpacked } from "../../files/archive.js";
import {
  asNumber,
  batchRows,
  type Opened,
  type ReadOptions,
  type RowBatch,
  type RowRequest,
  type TableColumn,
} from "../row-source.js";

/** 256 MiB of numbers. */
const partValues = 2 ** 25;

const mostRows = 2 ** 27;

const cure = "write it again, with smaller row groups or less compression";

/** @throws {DatasetError} `BadTable`, also for a file that unpacks to too much. */
export async function openParquet(
  path: string,
  size: number,
  { limits }: ReadOptions,
): Promise<Opened> {
  const handle = await open(path, "r");
  const file = bufferOf(handle, size);
  const metadata = await parquetMetadataAsync(file);
  const check = (total: number) => checkUnpacked(path, total, "BadTable", { size, limits, cure });
  check(unpackedBytes(metadata));
  checkGroups(path, metadata);
  return {
    columns: parquetSchema(metadata).children.map(({ element, children }) =>
      describeColumn(element, children.length > 0),
    ),
    named: true,
    rows: Number(metadata.num_rows),
    notes: [],
    batches: (request) => readBatches({ file, metadata, compressors: withLimits(check) }, request),
    close: () => void handle.close(),
  };
}

const unpackedBytes = ({ row_groups }: FileMetaData): number =>
  row_groups
    .flatMap(({ columns }) => columns)
    .reduce((sum, { meta_data }) => sum + Number(meta_data?.total_uncompressed_size ?? 0), 0);

function checkGroups(path: string, { row_groups, num_rows }: FileMetaData): void {
  const rows = row_groups.map((group) => Number(group.num_rows));
  const most = Math.max(...rows, 0);
  if (most <= mostRows && rows.reduce((a, b) => a + b, 0) === Number(num_rows)) return;
  throw badTable(
    path,
    `has row groups of up to ${most} rows, ${num_rows} in all: expected at most ${mostRows} in each, and their sum; ${cure}`,
  );
}

const withLimits = (check: (total: number) => void): Compressors =>
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
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
    if (bytesRead < bytes.length) throw new Error(`ends before byte ${end}`);
    return bytes.buffer;
  },
});

function describeColumn(element: SchemaElement, isNested: boolean): TableColumn {
  const { name, type = "", converted_type, logical_type, repetition_type } = element;
  const logical = logical_type?.type ?? converted_type ?? "";
  const isNumber =
    !isNested &&
    repetition_type !== "REPEATED" &&
    (/^(DECIMAL|FLOAT16|U?INT|INTEGER)/.test(logical) ||
      (logical === "" && ["BOOLEAN", "INT32", "INT64", "FLOAT", "DOUBLE"].includes(type)));
  const kind = isNumber ? "number" : "text";
  // Pandas uses this name for an index that counts the rows.
  return /^__index_level_\d+__$/.test(name) ? { name, kind, beside: true } : { name, kind };
}

interface ParquetFile {
  file: AsyncBuffer;
  metadata: FileMetaData;
  compressors: Compressors;
}

async function* readBatches(
  parquet: ParquetFile,
  { numbers = [], texts = [], from = { row: 0 } }: RowRequest,
): AsyncGenerator<RowBatch> {
  const width = Math.max(numbers.length + texts.length, 1);
  const part = Math.floor(partValues / width);
  const rows = batchRows(width);
  let groupStart = 0;
  for (const group of parquet.metadata.row_groups) {
    const groupEnd = groupStart + Number(group.num_rows);
    for (let start = Math.max(groupStart, from.row); start < groupEnd; start += part) {
      const end = Math.min(start + part, groupEnd);
      const values: Float64Array[] = [];
      const cells: string[][] = [];
      for (const name of numbers) {
        const column = new Float64Array(end - start).fill(Number.NaN);
        values.push(await readColumn(parquet, { name, start, end }, column, asNumber));
      }
      for (const name of texts) {
        const column = new Array<string>(end - start).fill("");
        cells.push(await readColumn(parquet, { name, start, end }, column, asText));
      }
      for (let first = start; first < end; first += rows) {
        const low = first - start;
        const high = Math.min(first + rows, end) - start;
        yield {
          first,
          count: high - low,
          numbers: values.map((column) => column.subarray(low, high)),
          texts: cells.map((column) => column.slice(low, high)),
        };
      }
    }
    groupStart = groupEnd;
  }
}

async function readColumn<C extends Float64Array | string[]>(
  parquet: ParquetFile,
  { name, start, end }: { name: string; start: number; end: number },
  column: C,
  convert: (value: unknown) => C[number],
): Promise<C> {
  const onChunk = ({ columnData, rowStart }: { columnData: DecodedArray; rowStart: number }) => {
    const high = Math.min(end - rowStart, columnData.length);
    for (let i = Math.max(start - rowStart, 0); i < high; i++)
      column[rowStart + i - start] = convert(columnData[i]);
  };
  await parquetRead({ ...parquet, onChunk, columns: [name], rowStart: start, rowEnd: end });
  return column;
}

function asText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== "object") return String(value);
  return JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? String(inner) : inner));
}

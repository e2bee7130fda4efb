import { closeSync, fsyncSync, openSync } from "node:fs";
import { writeAll } from "@dsbm/files";
import { io } from "@dsbm/torch";
import type { ByteWriter, ParquetWriter, SchemaElement } from "hyparquet-writer";
import { toRows } from "../units.js";

/** A column of generated numbers. */
export interface NumberColumn {
  /** Name in the header. */
  name: string;
  /** Precision of the written numbers. */
  dtype: "float32" | "float64";
}

/** A cell that is copied unchanged. */
export type CarriedCell = string | bigint | null;

/** A column that passes through unchanged, such as an id. */
export interface CarriedColumn {
  /** Name in the header. */
  name: string;
  /** How cells are written. */
  kind: "text" | "integer";
}

/** Kept columns come first. */
export interface TableColumns {
  /** Columns copied from the input. */
  carried: readonly CarriedColumn[];
  /** Generated columns. */
  columns: readonly NumberColumn[];
}

/** Rows to write, by columns. */
export interface TableBatch {
  /** Rows in the batch. */
  count: number;
  /** One array for each generated column. */
  numbers: readonly Float64Array[];
  /** One array for each copied column. */
  carried: readonly (readonly CarriedCell[])[];
}

/** An open table that takes rows. */
export interface TableWriter {
  /** Throws system errors. */
  write(batch: TableBatch): Promise<void>;
  /** Flushes onto the disk. */
  close(): Promise<void>;
  /** Does nothing after `close`. */
  abandon(): void;
}

/** A growing file. Throws system errors. */
function openSink(path: string) {
  const file = openSync(path, "w");
  let open = true;
  /** A second call does nothing. */
  const abandon = () => {
    if (open) closeSync(file);
    open = false;
  };
  return {
    write: (bytes: Uint8Array) => writeAll(file, bytes),
    /** Flushes onto the disk. */
    close() {
      fsyncSync(file);
      abandon();
    },
    abandon,
  };
}

function openArrayWriter(path: string, { columns }: TableColumns): TableWriter {
  const dtype = columns.some((column) => column.dtype === "float64") ? "float64" : "float32";
  const file = new io.npy.NpyWriter(path, dtype, [columns.length]);
  return {
    async write({ count, numbers }) {
      file.append(io.fromTyped(toRows(numbers, dtype), [count, columns.length]));
    },
    async close() {
      file.close({ sync: true });
    },
    abandon: () => file.close(),
  };
}

type OpenWriter = (path: string, columns: TableColumns) => TableWriter;

const writers = {
  ".csv": (path, columns) => openCsvWriter(path, columns, ","),
  ".tsv": (path, columns) => openCsvWriter(path, columns, "\t"),
  ".parquet": openParquetWriter,
  ".npy": openArrayWriter,
} satisfies Record<string, OpenWriter>;

/** File endings of written tables. */
export type OutputFormat = keyof typeof writers;

/** All file endings of written tables. */
export const outputFormats = Object.keys(writers) as readonly OutputFormat[];

/** Returns undefined for other names. */
export const outputFormat = (name: string): OutputFormat | undefined =>
  outputFormats.find((ending) => name.toLowerCase().endsWith(ending));

/** The format and the columns of a written table. */
export interface TableWriterOptions extends TableColumns {
  /** The file ending. */
  format: OutputFormat;
}

/**
 * Begins a table at `path`, a temporary name. Kept columns come first; .npy drops them.
 * Throws system errors.
 */
export const openTableWriter = (
  path: string,
  { format, ...columns }: TableWriterOptions,
): TableWriter => writers[format](path, columns);

// Tables as text: RFC 4180 with line feeds, or tabs between the fields.

const rowsAtOnce = 1000;

function openCsvWriter(
  path: string,
  { carried, columns }: TableColumns,
  separator: "," | "\t",
): TableWriter {
  const sink = openSink(path);
  const quoted = new RegExp(`["${separator}\r\n]|^\\s|\\s$`);
  const field = (cell: CarriedCell) => {
    if (cell === null) return "";
    const text = String(cell);
    return quoted.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const texts = columns.map(({ dtype }) => (dtype === "float32" ? float32Text : float64Text));
  const record = (fields: string[]) => {
    const line = fields.join(separator);
    // A line of nothing would be no record.
    return line === "" ? '""\n' : `${line}\n`;
  };
  const names = [...carried, ...columns].map(({ name }) => field(name));
  let header: string | null = record(names);
  const put = (text: string) => {
    sink.write(Buffer.from((header ?? "") + text, "utf8"));
    header = null;
  };
  return {
    async write({ count, numbers, carried: cells }) {
      for (let at = 0; at < count; at += rowsAtOnce) {
        let text = "";
        for (let row = at; row < Math.min(count, at + rowsAtOnce); row++) {
          const fields = cells.map((column) => field(column[row]));
          for (const [k, column] of numbers.entries()) fields.push(texts[k](column[row]));
          text += record(fields);
        }
        put(text);
      }
    },
    async close() {
      if (header !== null) put("");
      sink.close();
    },
    abandon: () => sink.abandon(),
  };
}

/** The shortest text that reads back as this float32; JavaScript's own text is for the double. */
export function float32Text(value: number): string {
  if (Object.is(value, -0)) return "-0";
  for (const digits of [6, 7, 8]) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}

const float64Text = (value: number): string => (Object.is(value, -0) ? "-0" : String(value));

// Parquet, a row group at a time, so that memory holds only its rows.

const groupRows = 65_536;

function openParquetWriter(path: string, { carried, columns }: TableColumns): TableWriter {
  const sink = openSink(path);
  const schema: SchemaElement[] = [
    { name: "schema", num_children: carried.length + columns.length },
    ...carried.map(carriedElement),
    ...columns.map(numberElement),
  ];
  let target: { bytes: ByteWriter; writer: ParquetWriter } | null = null;
  /** The first table that needs the library loads it. */
  const open = async () => {
    if (target) return target;
    const library = await import("hyparquet-writer");
    const bytes = new library.ByteWriter();
    // Numbers of a continuous law do not compress.
    const writer = new library.ParquetWriter({ writer: bytes, schema, codec: "UNCOMPRESSED" });
    target = { bytes, writer };
    return target;
  };
  const drain = (bytes: ByteWriter) => {
    sink.write(bytes.getBytes());
    bytes.index = 0;
  };
  const numbers = columns.map(({ dtype }) =>
    dtype === "float32" ? new Float32Array(groupRows) : new Float64Array(groupRows),
  );
  let cells: CarriedCell[][] = carried.map(() => []);
  let rows = 0;
  const group = async () => {
    const { bytes, writer } = await open();
    writer.write({
      columnData: [
        ...carried.map(({ name }, k) => ({ name, data: cells[k] })),
        ...columns.map(({ name }, k) => ({
          name,
          encoding: "PLAIN" as const,
          data: (numbers[k] as Float64Array).subarray(0, rows),
        })),
      ],
      rowGroupSize: groupRows,
    });
    rows = 0;
    cells = carried.map(() => []);
    drain(bytes);
  };
  return {
    async write(batch) {
      for (let at = 0; at < batch.count; ) {
        const taken = Math.min(batch.count - at, groupRows - rows);
        for (const [k, column] of batch.numbers.entries())
          numbers[k]?.set(column.subarray(at, at + taken), rows);
        for (const [k, column] of batch.carried.entries())
          for (let i = at; i < at + taken; i++) cells[k]?.push(column[i]);
        at += taken;
        rows += taken;
        if (rows === groupRows) await group();
      }
    },
    async close() {
      if (rows > 0) await group();
      const { bytes, writer } = await open();
      writer.finish();
      drain(bytes);
      sink.close();
    },
    abandon: () => sink.abandon(),
  };
}

const numberElement = ({ name, dtype }: NumberColumn): SchemaElement => ({
  name,
  repetition_type: "REQUIRED",
  type: dtype === "float32" ? "FLOAT" : "DOUBLE",
});

function carriedElement({ name, kind }: CarriedColumn): SchemaElement {
  const optional = { name, repetition_type: "OPTIONAL" } as const;
  if (kind === "text") return { ...optional, type: "BYTE_ARRAY", converted_type: "UTF8" };
  return { ...optional, type: "INT64" };
}

// Writes Parquet a row group at a time, so that memory holds only its rows.
import type { ByteWriter, ParquetWriter, SchemaElement } from "hyparquet-writer";
import {
  type CarriedCell,
  type CarriedColumn,
  type NumberColumn,
  openSink,
  type TableColumns,
  type TableWriter,
} from "./table-writer.js";

const groupRows = 65_536;

export function openParquetWriter(path: string, { carried, columns }: TableColumns): TableWriter {
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

// Tables as Parquet, a row group at a time, so that memory holds only its rows.
import type { ByteWriter, ParquetWriter, SchemaElement } from "hyparquet-writer";
import { openSink } from "./sink.js";
import type {
  KeptCell,
  KeptColumn,
  NumberColumn,
  TableBatch,
  TableColumns,
  TableWriter,
} from "./table-writer.js";

const groupRows = 65_536;

/** The rows of a group in memory, by columns. */
class RowGroupBuffer {
  readonly #columns: TableColumns;
  readonly #numbers: (Float32Array | Float64Array)[];
  #cells: KeptCell[][];
  /** Rows in the group. */
  count = 0;

  constructor(columns: TableColumns) {
    this.#columns = columns;
    this.#numbers = columns.columns.map(({ dtype }) =>
      dtype === "float32" ? new Float32Array(groupRows) : new Float64Array(groupRows),
    );
    this.#cells = columns.kept.map(() => []);
  }

  /** Copies rows of a batch from `start` on, until the group is full; returns their number. */
  append(batch: TableBatch, start: number): number {
    const count = Math.min(batch.count - start, groupRows - this.count);
    for (const [k, column] of batch.numbers.entries())
      this.#numbers[k]?.set(column.subarray(start, start + count), this.count);
    for (const [k, column] of batch.kept.entries())
      for (let i = start; i < start + count; i++) this.#cells[k]?.push(column[i]);
    this.count += count;
    return count;
  }

  /** The columns of the group for the library; the next rows begin a new group. */
  flush() {
    const { kept, columns } = this.#columns;
    const columnData = [
      ...kept.map(({ name }, k) => ({ name, data: this.#cells[k] })),
      ...columns.map(({ name }, k) => ({
        name,
        encoding: "PLAIN" as const,
        data: (this.#numbers[k] as Float64Array).subarray(0, this.count),
      })),
    ];
    this.count = 0;
    this.#cells = kept.map(() => []);
    return columnData;
  }
}

/** The library's writer into memory. The first table that needs the library loads it. */
async function createLibraryWriter({
  kept,
  columns,
}: TableColumns): Promise<{ bytes: ByteWriter; writer: ParquetWriter }> {
  const schema: SchemaElement[] = [
    { name: "schema", num_children: kept.length + columns.length },
    ...kept.map(keptElement),
    ...columns.map(numberElement),
  ];
  const library = await import("hyparquet-writer");
  const bytes = new library.ByteWriter();
  // Numbers of a continuous law do not compress.
  const writer = new library.ParquetWriter({ writer: bytes, schema, codec: "UNCOMPRESSED" });
  return { bytes, writer };
}

/** Begins a table at `path`. */
export function openParquetWriter(path: string, columns: TableColumns): TableWriter {
  const sink = openSink(path);
  const group = new RowGroupBuffer(columns);
  let target: ReturnType<typeof createLibraryWriter> | null = null;
  const open = () => (target ??= createLibraryWriter(columns));
  const drain = (bytes: ByteWriter) => {
    sink.write(bytes.getBytes());
    bytes.index = 0;
  };
  const writeGroup = async () => {
    const { bytes, writer } = await open();
    writer.write({ columnData: group.flush(), rowGroupSize: groupRows });
    drain(bytes);
  };
  return {
    async write(batch) {
      for (let start = 0; start < batch.count; ) {
        start += group.append(batch, start);
        if (group.count === groupRows) await writeGroup();
      }
    },
    async close() {
      if (group.count > 0) await writeGroup();
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

function keptElement({ name, kind }: KeptColumn): SchemaElement {
  const optional = { name, repetition_type: "OPTIONAL" } as const;
  if (kind === "text") return { ...optional, type: "BYTE_ARRAY", converted_type: "UTF8" };
  return { ...optional, type: "INT64" };
}

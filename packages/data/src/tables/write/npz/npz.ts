// NumPy's archive: the numbers as x.npy, the names of their columns as columns.npy, and each column that is carried along
// as an array of its own name. Members are made beside the archive, which stores them one after the other.
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { io } from "@dsbm/torch";
import { DatasetError } from "../../../errors.js";
import { openArrayWriter } from "../array.js";
import { openSink, type Sink } from "../sink.js";
import type { CarriedCell, CarriedColumn, TableColumns, TableWriter } from "../table-writer.js";
import { openTextSpool, textArray } from "./text-array.js";
import { writeStoredZip, type ZipMember } from "./zip.js";

/** A column that is carried along, while it grows. */
interface CarriedArray {
  write(cells: readonly CarriedCell[]): Promise<void>;
  close(): Promise<void>;
  abandon(): void;
}

/** `scratch` gives the paths of new files for members, which are removed at the end. */
export function openNpzWriter(
  path: string,
  { carried, columns }: TableColumns,
  { scratch }: { scratch: () => string },
): TableWriter {
  const files: string[] = [];
  const file = () => {
    const made = scratch();
    files.push(made);
    return made;
  };
  const member = (name: string): ZipMember => ({ name: `${name}.npy`, path: file() });
  const x = member("x");
  const names = member("columns");
  // These two names are taken.
  const own = (name: string) => (name === "x" || name === "columns" ? `_${name}` : name);
  const others = carried.map(({ name }) => member(own(name)));
  const numbers = openArrayWriter(x.path, { carried, columns });
  const arrays = carried.map((column, k) =>
    openCarried(column, (others[k] as ZipMember).path, file),
  );
  let sink: Sink | null = null;
  const abandon = () => {
    for (const part of [numbers, ...arrays]) part.abandon();
    sink?.abandon();
    for (const made of files) if (existsSync(made)) rmSync(made);
  };
  return {
    async write(batch) {
      await numbers.write(batch);
      for (const [k, array] of arrays.entries())
        await array.write(batch.carried[k] as CarriedCell[]);
    },
    async close() {
      try {
        await numbers.close();
        for (const array of arrays) await array.close();
        writeFileSync(names.path, textArray(columns.map(({ name }) => name)));
        sink = openSink(path);
        await writeStoredZip(sink, [x, names, ...others]);
        await sink.close();
      } finally {
        abandon();
      }
    },
    abandon,
  };
}

function openCarried(
  { name, kind }: CarriedColumn,
  path: string,
  scratch: () => string,
): CarriedArray {
  if (kind === "text") {
    const spool = openTextSpool(scratch());
    const target = openSink(path);
    return {
      write: (cells) => spool.add(cells.map((cell) => (cell === null ? "" : String(cell)))),
      async close() {
        await spool.finish(target);
        await target.close();
      },
      abandon() {
        spool.abandon();
        target.abandon();
      },
    };
  }
  const dtype = kind === "integer" ? "int64" : "float64";
  const file = new io.npy.NpyWriter(path, dtype, []);
  const bytesOf = (cells: readonly CarriedCell[]) => {
    if (kind === "number") return Float64Array.from(cells, (cell) => Number(cell ?? Number.NaN));
    const missing = cells.indexOf(null);
    if (missing >= 0)
      throw new DatasetError(
        "InvalidOption",
        `column ${name} has no value in row ${file.count + missing}, which an array of integers cannot hold: write .csv or .parquet instead`,
      );
    return BigInt64Array.from(cells, (cell) => BigInt(cell as bigint));
  };
  return {
    async write(cells) {
      const data = new Uint8Array(bytesOf(cells).buffer);
      file.append({ dtype, shape: [cells.length], data });
    },
    async close() {
      file.close();
    },
    abandon: () => file.close(),
  };
}

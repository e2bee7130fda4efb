// NumPy's archive: the numbers as x.npy, the names of their columns as columns.npy, and each column that is carried along
// as an array of its own name. Members are made beside the archive, which stores them one after the other.
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { io } from "@dsbm/torch";
import { invalidOption } from "../../../errors.js";
import { openArrayWriter } from "../array.js";
import { openSink, type Sink } from "../sink.js";
import type { CarriedCell, CarriedColumn, TableColumns, TableWriter } from "../table-writer.js";
import { openTextSpool, textArray } from "./text-array.js";
import { writeStoredZip, type ZipMember } from "./zip.js";

export interface NpzContent {
  /** Names of the columns of x; null: it has none. */
  columns: readonly string[] | null;
  carried: readonly CarriedColumn[];
  /** Process times of the states of paths; null: x has ends only. */
  times: readonly number[] | null;
  /** Gives the paths of new files for members, which are removed at the end. */
  scratch: () => string;
}

/** An archive whose numbers the caller writes as a .npy file. */
export interface NpzArchive {
  /** Where that file is to be. */
  x: string;
  /** Appends cells of the carried columns. */
  carry(cells: readonly (readonly CarriedCell[])[]): Promise<void>;
  /** Writes the archive, once the file is closed, and flushes it onto the disk. */
  close(): Promise<void>;
  /** Removes what is half done; does nothing after `close`. */
  abandon(): void;
}

/** Begins an archive. Throws the system's errors. */
export function openNpzArchive(
  path: string,
  { columns, carried, times, scratch }: NpzContent,
): NpzArchive {
  const files: string[] = [];
  const file = () => {
    const made = scratch();
    files.push(made);
    return made;
  };
  const member = (name: string): ZipMember => ({ name: `${name}.npy`, path: file() });
  const x = member("x");
  const taken = ["x", "columns", "t"];
  const others = carried.map(({ name }) => member(taken.includes(name) ? `_${name}` : name));
  const arrays = carried.map((column, k) =>
    openCarried(column, (others[k] as ZipMember).path, file),
  );
  let sink: Sink | null = null;
  const abandon = () => {
    for (const array of arrays) array.abandon();
    sink?.abandon();
    for (const made of files) if (existsSync(made)) rmSync(made);
  };
  const facts = () => {
    const made: ZipMember[] = [];
    const add = (name: string, bytes: Uint8Array) => {
      const one = member(name);
      writeFileSync(one.path, bytes);
      made.push(one);
    };
    if (columns) add("columns", textArray(columns));
    if (times) add("t", io.npy.encode(io.fromTyped(Float64Array.from(times), [times.length])));
    return made;
  };
  return {
    x: x.path,
    async carry(cells) {
      for (const [k, array] of arrays.entries()) await array.write(cells[k] as CarriedCell[]);
    },
    async close() {
      try {
        for (const array of arrays) await array.close();
        const members = [x, ...facts(), ...others];
        sink = openSink(path);
        await writeStoredZip(sink, members);
        await sink.close();
      } finally {
        abandon();
      }
    },
    abandon,
  };
}

export function openNpzWriter(
  path: string,
  { carried, columns }: TableColumns,
  { scratch }: { scratch: () => string },
): TableWriter {
  const names = columns.map(({ name }) => name);
  const archive = openNpzArchive(path, { columns: names, carried, times: null, scratch });
  const numbers = openArrayWriter(archive.x, { carried, columns });
  return {
    async write(batch) {
      await numbers.write(batch);
      await archive.carry(batch.carried);
    },
    async close() {
      await numbers.close();
      await archive.close();
    },
    abandon() {
      numbers.abandon();
      archive.abandon();
    },
  };
}

/** A column that is carried along, while it grows. */
interface CarriedArray extends Omit<TableWriter, "write"> {
  write(cells: readonly CarriedCell[]): Promise<void>;
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
  const file = new io.npy.NpyWriter(path, kind === "integer" ? "int64" : "float64", []);
  const elements = (cells: readonly CarriedCell[]) => {
    if (kind === "number") return Float64Array.from(cells, (cell) => Number(cell ?? Number.NaN));
    const missing = cells.indexOf(null);
    if (missing >= 0)
      throw invalidOption(
        `column ${name} has no value in row ${file.count + missing}, which an array of integers cannot hold: write .csv or .parquet instead`,
      );
    return BigInt64Array.from(cells, (cell) => BigInt(cell as bigint));
  };
  return {
    async write(cells) {
      file.append(io.fromTyped(elements(cells)));
    },
    async close() {
      file.close();
    },
    abandon: () => file.close(),
  };
}

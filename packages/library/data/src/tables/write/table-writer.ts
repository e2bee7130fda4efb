import { closeSync, fsyncSync, openSync } from "node:fs";
import { writeAll } from "@dsbm/files";

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
export function openSink(path: string) {
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

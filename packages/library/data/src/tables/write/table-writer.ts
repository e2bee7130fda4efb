// Tables as they are written: the rows of a batch at a time, in memory for a batch or a row group.

/** A column of numbers. */
export interface NumberColumn {
  name: string;
  dtype: "float32" | "float64";
}

/** A cell of a column that passes through unchanged; null is a missing one. */
export type CarriedCell = string | number | bigint | null;

/** A column that passes through unchanged, such as an id: what its cells are, missing ones aside. */
export interface CarriedColumn {
  name: string;
  kind: "text" | "number" | "integer";
}

/** The columns of a table: those carried along stand first. */
export interface TableColumns {
  carried: readonly CarriedColumn[];
  columns: readonly NumberColumn[];
}

/** Rows, by columns: the numbers of each, and the cells of each carried one. */
export interface TableBatch {
  count: number;
  numbers: readonly Float64Array[];
  carried: readonly (readonly CarriedCell[])[];
}

/** A table that is being written. */
export interface TableWriter {
  /** Appends rows. Throws the system's error where the disk refuses. */
  write(batch: TableBatch): Promise<void>;
  /** Writes what is left, and flushes it onto the disk. */
  close(): Promise<void>;
  /** Closes it as it is; does nothing after `close`. */
  abandon(): void;
}

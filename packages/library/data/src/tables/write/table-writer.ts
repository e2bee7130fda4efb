/** A column of generated numbers. */
export interface NumberColumn {
  name: string;
  dtype: "float32" | "float64";
}

/** A cell that is copied unchanged. */
export type CarriedCell = string | number | bigint | null;

/** A column that passes through unchanged, such as an id. */
export interface CarriedColumn {
  name: string;
  kind: "text" | "number" | "integer";
}

/** Kept columns come first. */
export interface TableColumns {
  carried: readonly CarriedColumn[];
  columns: readonly NumberColumn[];
}

/** Rows to write, by columns. */
export interface TableBatch {
  count: number;
  numbers: readonly Float64Array[];
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

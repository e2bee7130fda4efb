export interface NumberColumn {
  name: string;
  dtype: "float32" | "float64";
}

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

export interface TableBatch {
  count: number;
  numbers: readonly Float64Array[];
  carried: readonly (readonly CarriedCell[])[];
}

export interface TableWriter {
  /** Throws system errors. */
  write(batch: TableBatch): Promise<void>;
  /** Flushes onto the disk. */
  close(): Promise<void>;
  /** Does nothing after `close`. */
  abandon(): void;
}

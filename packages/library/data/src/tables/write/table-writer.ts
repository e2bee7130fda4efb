// What every format of written tables takes.

/** A column of generated numbers. */
export interface NumberColumn {
  /** Name in the header. */
  name: string;
  /** Precision of the written numbers. */
  dtype: "float32" | "float64";
}

/** A cell that is copied unchanged. */
export type KeptCell = string | bigint | null;

/** A column that passes through unchanged, such as an id. */
export interface KeptColumn {
  /** Name in the header. */
  name: string;
  /** How cells are written. */
  kind: "text" | "integer";
}

/** The columns of a written table; copied columns come first. */
export interface TableColumns {
  /** Columns copied from the input. */
  kept: readonly KeptColumn[];
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
  kept: readonly (readonly KeptCell[])[];
}

/** An open table that takes rows. */
export interface TableWriter {
  /**
   * Appends rows.
   * @throws system errors.
   */
  write(batch: TableBatch): Promise<void>;
  /** Flushes onto the disk. */
  close(): Promise<void>;
  /** Closes an unfinished table; does nothing after `close`. */
  abandon(): void;
}

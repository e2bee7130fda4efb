// A common interface to NetCDF and Zarr: variables with dimensions and attributes, read by rows.

/** A dimension of a variable. */
export interface FieldDimension {
  /** Its name, which its coordinate variable has too. */
  name: string;
  /** Entries along it. */
  size: number;
}

/** The value of an attribute. */
export type FieldAttribute = string | number | readonly number[];

/** Attributes by name. */
export type FieldAttributes = Readonly<Record<string, FieldAttribute>>;

/** One entry of a dimension behind the first. */
export interface DimensionEntry {
  /** The place of the dimension, from 1. */
  place: number;
  /** From 0. */
  entry: number;
}

/** Types of stored numbers. */
export type NumberType = `${"int" | "uint"}${8 | 16 | 32 | 64}` | `float${16 | 32 | 64}`;

/** An array of a file. */
export interface FieldVariable {
  name: string;
  dimensions: readonly FieldDimension[];
  /** The type of its numbers; null: it holds no numbers. */
  numberType: NumberType | null;
  attributes: FieldAttributes;
  /**
   * Stored values, without scale and offset, of `count` entries of the first dimension, in C order; of a scalar its value. Reads
   * all of the other dimensions, or a single entry of the dimension of `only`.
   */
  read(first: number, count: number, only?: DimensionEntry): Promise<ArrayLike<number | bigint>>;
}

/** Formats of files of fields. */
export type FieldFormat = "NetCDF 3" | "NetCDF 4" | "Zarr 2" | "Zarr 3";

/** An open file of fields. */
export interface FieldFile {
  format: FieldFormat;
  variables: readonly FieldVariable[];
  close(): void;
}

/** Stored numbers of a variable from one entry of a dimension to the next. */
export const strideOf = (
  { dimensions }: Pick<FieldVariable, "dimensions">,
  place: number,
): number => dimensions.slice(place + 1).reduce((product, { size }) => product * size, 1);

/** A variable of one entry of a dimension, such as a level, which reads no others. */
export function variableAt(variable: FieldVariable, only: DimensionEntry): FieldVariable {
  return {
    ...variable,
    dimensions: variable.dimensions.map((one, k) => (k === only.place ? { ...one, size: 1 } : one)),
    read: (first, count) => variable.read(first, count, only),
  };
}

/** Variables of a file, and dimensions of a variable, at most. */
export const mostVariables = 10_000;

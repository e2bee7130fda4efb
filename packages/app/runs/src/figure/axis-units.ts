// Names and units of columns on axes.

/** A map from the units of networks to the units of the data. */
export interface AxisUnits {
  /** The name of a column. */
  column(column: number): string;
  /** What the values of a column are: its name, or a function of it. */
  name(column: number): string;
  /** A value of a column in the units of the data, or its logarithm. */
  value(column: number, x: number): number;
}

/** The name of a column that has none, counted from 1. */
export const columnName = (column: number): string => `column ${column + 1}`;

/** Units of networks, for data without units of their own. */
export const plainUnits: AxisUnits = {
  column: columnName,
  name: columnName,
  value: (_, x) => x,
};

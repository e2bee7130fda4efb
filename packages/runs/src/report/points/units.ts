// From the units of networks back to those of the data, as far as axes can show them: the scaling of each column is undone,
// a logarithm is named.
import type { Field } from "../record.js";

export interface Units {
  /** The name of a column on an axis. */
  name(column: number): string;
  /** A value of a column in the data's units, or their logarithm where one was taken. */
  value(column: number, x: number): number;
}

/** The units of the columns as data.json says; columns without a name are x[0], x[1], … */
export function unitsOf(data: Field, names: readonly string[]): Units {
  const transform = data.at("transform");
  const [mean, std] = ["mean", "std"].map((key) => transform.at(key).numbers) as [
    number[],
    number[],
  ];
  const isLog = transform.at("log1p").isTrue;
  /** One number a column, or one for all. */
  const of = (list: readonly number[], column: number, none: number) => {
    const found = list.length === 1 ? list[0] : list[column];
    return found !== undefined && Number.isFinite(found) ? found : none;
  };
  return {
    name(column) {
      const name = names[column] ?? `x[${column}]`;
      return isLog ? `log(1 + ${name})` : name;
    },
    value: (column, x) => x * of(std, column, 1) + of(mean, column, 0),
  };
}

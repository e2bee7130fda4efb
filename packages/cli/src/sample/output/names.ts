// Names and precisions of the columns of an output.
import type { NumberColumn } from "@dsbm/data";
import type { Units } from "../units.js";
import type { OutputOptions } from "./output.js";

/** The run's names, else those of the input, else x0, x1, … */
export function columnNames(
  { trained, input }: Pick<OutputOptions, "trained" | "input">,
  width: number,
): string[] {
  const { columns } = trained;
  const names = columns?.named ? columns.names : (input.table?.names ?? columns?.names);
  return names ? [...names] : Array.from({ length: width }, (_, k) => `x${k}`);
}

export const numberColumns = (
  names: readonly string[],
  units: Pick<Units, "dtype">,
): NumberColumn[] => names.map((name, k) => ({ name, dtype: units.dtype(k) }));

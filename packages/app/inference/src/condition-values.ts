import type { Conditions } from "@dsbm/bridge";
import { ConfigError } from "@dsbm/config";
import { type ColumnCondition, classLabel, encodeCondition } from "@dsbm/data";
import { tensor } from "@dsbm/torch";

/** Encodes values of a column, from row `first` of the file on; the caller owns them. */
export function encodeConditions(
  condition: ColumnCondition,
  values: Float64Array | string[] | null,
  { path, first }: { path: string; first: number },
): Conditions {
  const { name, classes } = condition;
  const numbers = Float64Array.from(values ?? [], (value: number | string, i: number) => {
    if (typeof value === "number") return value;
    const k = classes?.indexOf(classLabel(value)) ?? -1;
    if (k >= 0) return k;
    throw new ConfigError(
      `${path}: column ${name} has ${JSON.stringify(value)} in row ${first + i + 1}: expected a class that the run was trained with: ${classes?.join(", ")}`,
    );
  });
  using cells = tensor(numbers, { shape: [numbers.length, 1] });
  return { cond: encodeCondition(condition, cells) };
}

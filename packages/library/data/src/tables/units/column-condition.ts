// The condition column of tables: its classes or its numbers as inputs of a network.
import { type Tensor, tensor, tidy } from "@dsbm/torch";
import { firstOf, invalidOption, setting } from "../../errors.js";
import { type ConditionFacts, placeOf, type TableFacts } from "../facts.js";
import { byNumber } from "../prepare/codes.js";
import { pooledMean } from "./column-transform.js";

/** A column as condition: its classes, or its mean and deviation. */
export interface ColumnCondition {
  /** Name of the column. */
  name: string;
  /** Sorted classes of all datasets; null for numbers. */
  classes: readonly string[] | null;
  /** Mean of the training rows; 0 for classes. */
  mean: number;
  /** Standard deviation of the training rows; 1 for classes. */
  std: number;
}

/** The number of network inputs of a condition: 1 for numbers, one for each class. */
export const conditionWidth = (condition: ColumnCondition | null): number =>
  condition === null ? 0 : (condition.classes?.length ?? 1);

/**
 * One condition for all datasets.
 * @throws {DatasetError} `InvalidOption` for other kinds, and without a common class.
 */
export function fitCondition(datasets: readonly TableFacts[]): ColumnCondition | null {
  const conditions = datasets.map(({ condition }) => condition);
  if (conditions.includes(null)) return null;
  const [first, ...others] = conditions as [ConditionFacts, ...ConditionFacts[]];
  const { name, classes } = first;
  const place = (i: number) => placeOf(datasets[i]);
  for (const [i, other] of others.entries()) {
    if ((classes === null) !== (other.classes === null))
      throw invalidOption(
        `${setting("data.condition", [name])} holds numbers in one dataset and texts in the other (${place(0)}, ${place(i + 1)}): expected the same kind; write ${setting("data.classes", [name])} if the numbers are codes of classes`,
      );
    if (classes && !other.classes?.some((label) => classes.includes(label)))
      throw invalidOption(
        `${setting("data.condition", [name])}: no class of ${place(0)} (${firstOf(classes, 8)}) is one of ${place(i + 1)} (${firstOf(other.classes ?? [], 8)}): expected some in common, of which rows are paired`,
      );
  }
  if (classes) {
    const all = new Set(conditions.flatMap((one) => one?.classes ?? []));
    return { name, classes: [...all].toSorted(byNumber), mean: 0, std: 1 };
  }
  const mean = pooledMean(datasets, ({ condition }) => condition!.mean);
  const variance = pooledMean(
    datasets,
    ({ condition }) => condition!.variance + (condition!.mean - mean) ** 2,
  );
  return { name, classes: null, mean, std: Math.sqrt(variance) };
}

/**
 * float32 [n, c] of numbers, or of indexes in `own` classes, [n, 1] float64; the caller disposes
 * it.
 */
export const encodeCondition = (
  { classes, mean, std }: ColumnCondition,
  values: Tensor,
  names = classes,
): Tensor =>
  tidy(() => {
    const places = classes?.map((label) => names?.indexOf(label) ?? -1);
    const rows = places
      ? values.eq(tensor(Float64Array.from(places)))
      : values.sub(mean).div(std || 1);
    return rows.to("float32").keep();
  });

/** Converts network inputs [n, c] to classes or numbers in the user's units. */
export function decodeCondition(
  { classes, mean, std }: ColumnCondition,
  rows: Tensor,
): (string | number)[] {
  if (classes) return tidy(() => rows.argmax({ dim: 1 }).toNumbers()).map((k) => classes[k]);
  return tidy(() => rows.flatten().toNumbers()).map((z) => z * std + mean);
}

// Tables of the user's own as ends: their columns are standardised by both ends together while batches are decoded, and
// a column of conditions becomes what networks take.
import type { Conditions, End } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { UsageError } from "@dsbm/config";
import {
  type ColumnTransform,
  type ConditionFacts,
  type DataDescription,
  describeTables,
  fitTransform,
  type OwnOptions,
  type Split,
  type TableFacts,
} from "@dsbm/data";
import { type Tensor, tensor, tidy } from "@dsbm/torch";
import type { DataEnd } from "./ends.js";
import { inMemory } from "./projected.js";
import type { ColumnCondition } from "./saved-columns.js";

/** What the columns of both ends have in common. */
export interface Columns {
  names: readonly string[];
  kept: readonly string[];
  condition: ColumnCondition | null;
  transform: ColumnTransform;
  /** The content of data.json. Reads a part of the rows at its first call. */
  describe(): DataDescription;
}

/** The numbers of a condition that networks take. */
export const conditionWidth = (condition: ColumnCondition | null): number =>
  condition === null ? 0 : (condition.classes?.length ?? 1);

/** How the table of an end is read; `like` is the other end, whose columns it must have. */
export function ownOptions(
  end: End,
  { data }: Pick<CompleteTrainConfig, "data">,
  like?: TableFacts,
): OwnOptions {
  const { columns, exclude, keep, condition, id, split_by, source, target } = data;
  const { missing, log1p, decimal, header, key, layer } = data;
  const group = split_by === null ? null : end === "x0" ? source : target;
  const given = { columns, exclude, keep, condition, id, split_by, group, key, layer };
  return {
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null)),
    ...{ missing, log1p, decimal, header },
    ...(like && { like: { path: like.path, named: like.named, columns: like.columns } }),
  };
}

/** Makes ends of tables see standardised columns, in place; null where neither is a table. Throws a UsageError. */
export function columnEnds(ends: DataEnd[], config: CompleteTrainConfig): Columns | null {
  const facts = ends.flatMap((end) => end.facts ?? []);
  const [first] = facts;
  if (!first) return null;
  const other = ends.find((end) => end.facts === null);
  if (other)
    throw new UsageError(
      `a table has a table at the other end, got ${ends.map(({ name }) => name).join(" and ")}: give both ends tables, or write transfer=false for a Gaussian at time 1`,
    );
  const transform = fitTransform(facts, config.data.standardise);
  checkScale(facts, transform);
  const condition = jointCondition(facts);
  const all = ends.map(({ train, test, facts }) => ({
    rows: { train, test },
    facts: facts as TableFacts,
  }));
  const [source, target] = [all[0], all.slice(1).at(-1)];
  let description: DataDescription | null = null;
  const describe = () => {
    const about = { transform, conditioning: condition };
    description ??= describeTables(source as NonNullable<typeof source>, target ?? null, about);
    return description;
  };
  // Rows that are made for each epoch are in memory, and so is what they are made of; projected rows are new ones.
  const whole = config.cache === "epoch" || config.data.components !== null;
  if (whole) describe();
  for (const [i, end] of ends.entries()) {
    const seen = standardised(end, transform, condition);
    ends[i] = whole ? inMemory(seen) : seen;
  }
  return { names: first.columns, kept: first.kept, condition, transform, describe };
}

function standardised(
  end: DataEnd,
  { mean, std, log1p }: ColumnTransform,
  condition: ColumnCondition | null,
): DataEnd {
  const { offset } = end.facts as TableFacts;
  const row = (dtype: "float32" | "float64", values: readonly number[]) =>
    tensor(Float64Array.from(values)).to(dtype).keep();
  const start = mean.map((m, k) => m - (offset[k] as number));
  const scale = std.map((s) => 1 / (s || 1));
  const [shift, inverse] = [row("float32", start), row("float32", scale)];
  const [centre, width] = [row("float64", mean), row("float64", std)];
  const plain = (rows: Tensor) =>
    tidy(() => {
      const there = { device: rows.device };
      return rows.sub(shift.to(there)).mul(inverse.to(there));
    });
  return {
    ...end,
    decode: plain,
    plain,
    conditions: condition && conditionsOf(end, condition),
    shown: (rows) =>
      tidy(() => {
        const there = { device: rows.device };
        const y = rows.to("float64").mul(width.to(there)).add(centre.to(there));
        return log1p ? y.expm1() : y;
      }),
    dispose() {
      end.dispose?.();
      for (const t of [shift, inverse, centre, width]) t.dispose();
    },
  };
}

const conditionsOf = ({ raw }: DataEnd, condition: ColumnCondition): Record<Split, Conditions> => ({
  train: { cond: conditionRows(raw?.train as Tensor, condition) },
  test: { cond: conditionRows(raw?.test as Tensor, condition) },
});

/** Conditions as networks take them, float32 [n, c], of numbers or places of classes [n, 1] float64; the caller's. */
function conditionRows(values: Tensor, { classes, mean, std }: ColumnCondition): Tensor {
  return tidy(() => {
    const rows = classes
      ? values.eq(tensor(Float64Array.from(classes.keys())))
      : values.sub(mean).div(std || 1);
    return rows.to("float32").keep();
  });
}

/** One condition of both ends. */
function jointCondition(facts: readonly TableFacts[]): ColumnCondition | null {
  const found = facts.map(({ condition }) => condition) as (ConditionFacts | null)[];
  const [first, ...others] = found;
  if (!first || others.includes(null)) return null;
  const { name, classes } = first;
  const paths = facts.map(({ path, group }) => (group === null ? path : `${path} (${group})`));
  for (const [i, other] of (others as ConditionFacts[]).entries()) {
    if ((classes === null) !== (other.classes === null))
      throw new UsageError(
        `data.condition=${name} holds numbers at one end and texts at the other (${paths[0]}, ${paths[i + 1]}): expected the same kind`,
      );
    if (classes && `${classes}` !== `${other.classes}`)
      throw new UsageError(
        `data.condition=${name} has the classes ${classes.join(", ")} in ${paths[0]} and ${other.classes?.join(", ")} in ${paths[i + 1]}: expected the same at both ends; leave out the rows of the others`,
      );
  }
  if (classes) return { name, classes, mean: 0, std: 1 };
  const n = facts.map(({ moments }) => moments.n);
  const total = n.reduce((a, b) => a + b, 0);
  const share = (i: number) => (n[i] as number) / total;
  const all = found.slice(0, facts.length) as ConditionFacts[];
  const mean = all.reduce((sum, one, i) => sum + share(i) * one.mean, 0);
  const variance = all.reduce(
    (sum, one, i) => sum + share(i) * (one.variance + (one.mean - mean) ** 2),
    0,
  );
  return { name, classes: null, mean, std: Math.sqrt(variance) };
}

/** Largest value that networks may see: float32 ends at 3.4e38, and losses are sums of squares. */
const largest = 1e12;
/** A range of so many interquartile ranges is no distribution's, but that of a code for missing values. */
const widest = 1e9;

function checkScale(
  facts: readonly TableFacts[],
  { mean, std, standardise }: ColumnTransform,
): void {
  for (const { path, columns, range, spread } of facts)
    for (const [k, name] of columns.entries()) {
      const [low, high] = [range.min[k] as number, range.max[k] as number];
      const worst = Math.abs(low) > Math.abs(high) ? low : high;
      const iqr = spread[k] as number;
      if (iqr > 0 && high - low > widest * iqr)
        throw new UsageError(
          `${path}: column ${name} has ${worst}, but half of its values lie within ${iqr}: expected no codes for missing values; make them empty, or write data.exclude=${name}`,
        );
      if (Math.abs(worst - (mean[k] as number)) / (std[k] || 1) > largest)
        throw new UsageError(
          `${path}: column ${name} has ${worst}, too large for float32 with data.standardise=${standardise}: expected less than ${largest}; write data.standardise=columns`,
        );
    }
}

// Tables of the user's own as ends.
import type { Conditions, Endpoint } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { ConfigError } from "@dsbm/config";
import {
  type ColumnCondition,
  type ColumnTransform,
  type DataDescription,
  describeTables,
  encodeCondition,
  fitCondition,
  fitTransform,
  type OwnOptions,
  RowUnits,
  type Split,
  type TableFacts,
} from "@dsbm/data";
import type { Tensor } from "@dsbm/torch";
import type { EndpointData } from "./dataset.js";
import { inMemory } from "./projected.js";

export interface Columns {
  names: readonly string[];
  kept: readonly string[];
  condition: ColumnCondition | null;
  transform: ColumnTransform;
  describe(): DataDescription;
}

export interface TableUse {
  /** The table whose columns are read. */
  like?: TableFacts | null | undefined;
  /** The place of a dataset among those between, from 0. */
  between?: number | undefined;
}

/** How the table of an end is read. */
export function ownOptions(
  end: Endpoint,
  { data }: Pick<CompleteTrainConfig, "data">,
  { like, between }: TableUse = {},
): OwnOptions {
  const { columns, exclude, keep, condition, id, split_by, where, source, target } = data;
  const { missing, log1p, decimal, header, key, layer } = data;
  const endGroup = end === "x0" ? source : target;
  const group = between === undefined ? endGroup : (data.between?.[between] ?? null);
  const given = { columns, exclude, keep, condition, id, split_by, where, group, key, layer };
  return {
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null)),
    missing,
    log1p,
    decimal,
    header,
    ...(like && { like: { path: like.path, named: like.named, columns: like.columns } }),
  };
}

/** Makes ends of tables see standardised columns, in place; null where neither is a table. */
export function columnEnds(ends: EndpointData[], config: CompleteTrainConfig): Columns | null {
  const facts = ends.flatMap((end) => end.facts ?? []);
  const [first] = facts;
  if (!first) return null;
  const other = ends.find((end) => end.facts === null);
  if (other)
    throw new ConfigError(
      "usage",
      `a table has a table at the other end, got ${ends.map(({ name }) => name).join(" and ")}: give both ends tables, or write transfer=false for a Gaussian at time 1`,
    );
  const transform = fitTransform(facts, config.data.standardise);
  checkScale(facts, transform);
  const condition = fitCondition(facts);
  const all = ends.map(({ train, test, facts }) => ({
    rows: { train, test },
    facts: facts as TableFacts,
  }));
  const source = all[0];
  const target = all.slice(1).at(-1);
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
  end: EndpointData,
  transform: ColumnTransform,
  condition: ColumnCondition | null,
): EndpointData {
  const units = new RowUnits(transform, (end.facts as TableFacts).offset);
  const apply = (rows: Tensor) => units.apply(rows);
  return {
    ...end,
    decode: apply,
    plain: apply,
    conditions: condition && conditionsOf(end, condition),
    shown: (rows) => units.undo(rows),
    dispose() {
      end.dispose?.();
      units.dispose();
    },
  };
}

const conditionsOf = (
  { raw }: EndpointData,
  condition: ColumnCondition,
): Record<Split, Conditions> => ({
  train: { cond: encodeCondition(condition, raw?.train as Tensor) },
  test: { cond: encodeCondition(condition, raw?.test as Tensor) },
});

const largest = 1e12;
const widest = 1e9;

function checkScale(
  facts: readonly TableFacts[],
  { mean, std, standardise }: ColumnTransform,
): void {
  for (const { path, columns, range, spread } of facts)
    for (const [k, name] of columns.entries()) {
      const low = range.min[k] as number;
      const high = range.max[k] as number;
      const worst = Math.abs(low) > Math.abs(high) ? low : high;
      const iqr = spread[k] as number;
      if (iqr > 0 && high - low > widest * iqr)
        throw new ConfigError(
          "usage",
          `${path}: column ${name} has ${worst}, but half of its values lie within ${iqr}: expected no codes for missing values; make them empty, or write data.exclude=${name}`,
        );
      if (Math.abs(worst - (mean[k] as number)) / (std[k] || 1) > largest)
        throw new ConfigError(
          "usage",
          `${path}: column ${name} has ${worst}, too large for float32 with data.standardise=${standardise}: expected less than ${largest}; write data.standardise=columns`,
        );
    }
}

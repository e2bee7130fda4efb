import { ConfigError } from "@dsbm/config";
import { absentColumn, type ColumnCondition, firstOf, type RowSource } from "@dsbm/data";
import type { Trained } from "../trained.js";

export interface MatchedColumns {
  names: string[];
  kept: string[];
  condition: ColumnCondition | null;
  notes: string[];
}

const list = (names: readonly string[]) =>
  firstOf(names, 8) + (names.length > 8 ? ` (${names.length})` : "");

/**
 * The columns of a table that are those of `like`: by name if both have names, else by number.
 * Throws a ConfigError for a table without them.
 */
export function columnsLike(
  { path, columns, named }: Pick<RowSource, "path" | "columns" | "named">,
  {
    names,
    width,
    like,
    others = [],
  }: {
    names: readonly string[] | null;
    width: number;
    like: string;
    /** Columns that have another use. */
    others?: readonly string[];
  },
): string[] {
  const numbers = columns.filter(({ kind }) => kind === "number");
  if (names && named) {
    const missing = names.filter((name) => !numbers.some((column) => column.name === name));
    if (missing.length === 0) return [...names];
    throw new ConfigError(
      `${path} lacks numbers in the ${missing.length === 1 ? "column" : "columns"} ${list(missing)} of ${like}: expected ${list(names)}; add, repair or rename them`,
    );
  }
  const usable = numbers
    .filter(({ name, beside }) => !beside && !others.includes(name))
    .map(({ name }) => name);
  if (usable.length === width) return usable;
  throw new ConfigError(
    `${path} has ${usable.length} ${usable.length === 1 ? "column" : "columns"} of numbers (${list(usable)}); expected ${width}, the columns of ${like}`,
  );
}

/** The columns of a table in the run's order. */
export function matched(
  source: RowSource,
  {
    trained,
    keep,
    width,
    isAnnotated,
  }: {
    trained: Trained;
    keep: readonly string[] | null;
    width: number;
    /** Whether tables keep all their columns; `keep` is then the column of classes. */
    isAnnotated: boolean;
  },
): MatchedColumns {
  const { path, columns, named } = source;
  const { columns: run, folder, config } = trained;
  const own = run?.named ? run.names : null;
  const has = (name: string) => columns.some((column) => column.name === name);
  const absent = keep?.find((name) => !has(name));
  if (absent !== undefined)
    throw absentColumn(source, { key: isAnnotated ? "fate=" : "keep=", name: absent });
  const condition = run?.condition ?? null;
  if (condition && !has(condition.name))
    throw new ConfigError(
      `${path} has no column ${condition.name}, which the networks of ${folder} are conditioned on: add it`,
    );
  const others =
    isAnnotated && source.format !== "h5ad" && own && named
      ? columns.map(({ name }) => name).filter((name) => !own.includes(name))
      : [];
  const usual = keep ?? run?.kept ?? [];
  const kept = [...new Set([...others, ...usual, config.data.split_by ?? []].flat())].filter(has);
  const lost = usual.filter((name) => !has(name));
  const aside = [...kept, ...(condition ? [condition.name] : [])];
  const names = columnsLike(source, { names: own, width, like: folder, others: aside });
  const both = kept.filter((name) => names.includes(name));
  if (both.length > 0)
    throw new ConfigError(
      `keep=${both.join()}: the run changes this column, so it cannot be carried along: leave it out`,
    );
  const extra = columns
    .map(({ name }) => name)
    .filter((name) => !names.includes(name) && !aside.includes(name));
  return {
    names,
    kept,
    condition,
    notes: [
      ...(extra.length > 0 ? [`${path}: skipped ${list(extra)}, which the run does not take`] : []),
      ...(lost.length > 0 ? [`${path}: has no column ${list(lost)} to carry along`] : []),
    ],
  };
}

// Matches the columns of a table with the columns of a run.
import { ConfigError } from "@dsbm/config";
import {
  aboutText,
  absentColumn,
  type ColumnCondition,
  DatasetError,
  firstOf,
  type RowSource,
} from "@dsbm/data";
import { nearestName } from "@dsbm/files";
import type { Trained } from "../trained.js";

/** The columns of a table that a run reads, keeps and is conditioned on. */
export interface MatchedColumns {
  names: string[];
  kept: string[];
  condition: ColumnCondition | null;
  notes: string[];
}

const list = (names: readonly string[]) =>
  firstOf(names, 8) + (names.length > 8 ? ` (${names.length})` : "");

/**
 * The columns of a table that match `like`: by name if both have names, else by number.
 * @throws {DatasetError} `BadTable` for missing columns of names, and {ConfigError} for another number of them.
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
    throw new DatasetError(
      "BadTable",
      `${path} lacks numbers in ${list(missing)}, columns of ${like}: ${cureOfMissing(missing, names, columns)}`,
    );
  }
  const usable = numbers
    .filter(({ name, beside }) => !beside && !others.includes(name))
    .map(({ name }) => name);
  if (usable.length === width) return usable;
  throw new ConfigError(
    `${path} has columns of numbers: ${usable.length} (${list(usable)}); expected ${width}, the columns of ${like}`,
  );
}

/** What to do about columns without numbers: repair the first one with texts, or rename the most similar one. */
function cureOfMissing(
  missing: readonly string[],
  expected: readonly string[],
  columns: RowSource["columns"],
): string {
  const text = columns.find(({ name, example }) => example && missing.includes(name));
  if (text) return `column ${aboutText(text)}`;
  const names = columns.map(({ name }) => name);
  const others = names.filter((name) => !expected.includes(name));
  const near = missing.flatMap((name) => {
    const similar = nearestName(name, others);
    return similar === undefined ? [] : [`${similar} to ${name}`];
  });
  if (near.length > 0) return `rename ${firstOf(near, 8)}, or add the columns`;
  return `add or rename them; there are ${list(names)}`;
}

/**
 * The columns of a table in the run's order.
 * @throws {ConfigError} and {DatasetError} for a table without them, `InvalidOption` for unknown columns to keep.
 */
export function matchedColumns(
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
  const runNames = run?.named ? run.names : null;
  const all = columns.map(({ name }) => name);
  const nameSet = new Set(all);
  const has = (name: string) => nameSet.has(name);
  const absent = keep?.find((name) => !has(name));
  if (absent !== undefined)
    throw absentColumn(source, { key: isAnnotated ? "fate" : "keep", name: absent });
  const condition = run?.condition ?? null;
  if (condition && !has(condition.name))
    throw new ConfigError(
      `${path} has no column ${condition.name}, which the networks of ${folder} are conditioned on: add it`,
    );
  const others =
    isAnnotated && source.format !== "h5ad" && runNames && named
      ? all.filter((name) => !runNames.includes(name))
      : [];
  const usual = keep ?? run?.kept ?? [];
  const own = [config.data.split_by ?? [], condition?.name ?? []];
  const kept = [...new Set([...others, ...usual, ...own].flat())].filter(has);
  const lost = usual.filter((name) => !has(name));
  const names = columnsLike(source, { names: runNames, width, like: folder, others: kept });
  const categories = run?.categories.map(({ name }) => name) ?? [];
  const changed = isAnnotated ? names : [...names, ...categories];
  const both = kept.filter((name) => changed.includes(name));
  if (both.length > 0)
    throw new ConfigError(
      `keep=${both.join()}: the run changes this column, so it cannot be kept: leave it out`,
    );
  const inUse = new Set([...names, ...kept, ...categories]);
  const extra = all.filter((name) => !inUse.has(name));
  return {
    names,
    kept,
    condition,
    notes: [
      ...(extra.length > 0 ? [`${path}: columns not used by the run: ${list(extra)}`] : []),
      ...(lost.length > 0 ? [`${path}: has no column ${list(lost)} to keep`] : []),
    ],
  };
}

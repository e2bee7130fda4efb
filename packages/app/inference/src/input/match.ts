import { ConfigError } from "@dsbm/config";
import {
  absentColumn,
  type ColumnCondition,
  firstOf,
  type RowSource,
  type TableColumn,
} from "@dsbm/data";
import type { Trained } from "../trained.js";

export interface MatchedColumns {
  names: string[];
  kept: string[];
  condition: ColumnCondition | null;
  notes: string[];
}

const list = (names: readonly string[]) =>
  firstOf(names, 8) + (names.length > 8 ? ` (${names.length})` : "");

/** The columns of a table in the run's order: by name if both have names, else by number. */
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
  const run = trained.columns;
  const has = (name: string) => columns.some((column) => column.name === name);
  const absent = keep?.find((name) => !has(name));
  if (absent !== undefined)
    throw absentColumn(source, { key: isAnnotated ? "fate=" : "keep=", name: absent });
  const condition = run?.condition ?? null;
  if (condition && !has(condition.name))
    throw new ConfigError(
      "usage",
      `${path} has no column ${condition.name}, which the networks of ${trained.folder} are conditioned on: add it`,
    );
  const { split_by } = trained.config.data;
  const others =
    isAnnotated && source.format !== "h5ad" && run?.named && named
      ? columns.map(({ name }) => name).filter((name) => !run.names.includes(name))
      : [];
  const kept = [
    ...new Set([...others, ...(keep ?? run?.kept ?? []), split_by ?? []].flat()),
  ].filter(has);
  const lost = (keep ? [] : (run?.kept ?? [])).filter((name) => !has(name));
  const file = { path, columns, folder: trained.folder };
  const names =
    run?.named && named
      ? byName(run.names, file)
      : byNumber(width, file, [...kept, ...(condition ? [condition.name] : [])]);
  const both = kept.filter((name) => names.includes(name));
  if (both.length > 0)
    throw new ConfigError(
      "usage",
      `keep=${both.join()}: the run changes this column, so it cannot be carried along: leave it out`,
    );
  const used = [...names, ...kept, condition?.name];
  const extra = columns.map(({ name }) => name).filter((name) => !used.includes(name));
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

interface TableFile {
  path: string;
  columns: readonly TableColumn[];
  folder: string;
}

function byName(names: readonly string[], { path, columns, folder }: TableFile): string[] {
  const missing = names.filter((name) => !columns.some((column) => column.name === name));
  if (missing.length > 0)
    throw new ConfigError(
      "usage",
      `${path} lacks the ${missing.length === 1 ? "column" : "columns"} ${list(missing)} of ${folder}: expected ${list(names)}; add or rename them`,
    );
  checkNumbers(
    path,
    columns.filter(({ name }) => names.includes(name)),
  );
  return [...names];
}

function byNumber(
  width: number,
  { path, columns, folder }: TableFile,
  others: readonly string[],
): string[] {
  const usual = columns.filter(({ name, beside }) => !beside && !others.includes(name));
  const numbers = usual.filter(({ kind }) => kind === "number").map(({ name }) => name);
  if (numbers.length !== width)
    throw new ConfigError(
      "usage",
      `${path} has ${numbers.length} ${numbers.length === 1 ? "column" : "columns"} of numbers (${list(numbers)}); expected ${width}, the columns of ${folder}`,
    );
  return numbers;
}

function checkNumbers(path: string, columns: readonly TableColumn[]): void {
  const text = columns.find(({ kind }) => kind === "text");
  if (!text) return;
  const { name, example } = text;
  const commas = example?.commas ? "; numbers with decimal commas are read with decimal=," : "";
  throw new ConfigError(
    "usage",
    `${path}: column ${name} holds text (${JSON.stringify(example?.text.slice(0, 40) ?? "")} in row ${(example?.row ?? 0) + 1}): expected numbers, as in training${commas}`,
  );
}

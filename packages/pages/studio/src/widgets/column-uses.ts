// What the columns of a table are for, as options of `dsbm fit` that name them.

import type { FitColumn } from "@dsbm/web/fit";

/** Options as typed, by their keys. */
type TypedOptions = Readonly<Record<string, string>>;

/** The uses of a column next to training, by their options. */
export const columnUses = {
  "data.exclude": "left out",
  "data.keep": "kept unchanged",
  "data.condition": "condition",
  time: "time",
  "data.split_by": "groups",
} as const;

/** An option that names columns; null: a column to train on. */
export type ColumnUse = keyof typeof columnUses | null;

const useKeys = Object.keys(columnUses) as (keyof typeof columnUses)[];
/** The options of the values that the rows of source and target have in the column of groups. */
export const groupKeys = ["data.source", "data.target"] as const;

const takesList = (key: string): boolean => key === "data.exclude" || key === "data.keep";

/** The items of a list as typed, `[a,'b c']`; names with signs of the grammar stand in quotes. */
export const listItems = (text: string): string[] =>
  (text.replace(/^\[|\]$/g, "").match(/'(?:\\'|[^'])*'|[^,]+/g) ?? [])
    .map((item) => item.trim())
    .map((item) => /^'(.*)'$/s.exec(item)?.[1]?.replaceAll("\\'", "'") ?? item)
    .filter(Boolean);

const listText = (names: readonly string[]): string =>
  `[${names.map((name) => (/^[\w.-]+$/.test(name) ? name : `'${name.replaceAll("'", "\\'")}'`)).join(",")}]`;

/** The use that options give a column. */
export const useOf = (options: TypedOptions, column: string): ColumnUse =>
  useKeys.find((key) => listItems(options[key] ?? "").includes(column)) ?? null;

/**
 * The options with another use of a column. An option of no column is gone. Groups are its two most frequent texts.
 */
export function withUse(
  options: TypedOptions,
  { name: column, examples }: Pick<FitColumn, "name" | "examples">,
  use: ColumnUse,
): Record<string, string> {
  const lists = useKeys.map((key) => {
    const others = listItems(options[key] ?? "").filter((name) => name !== column);
    const kept = key === use && !takesList(key) ? [] : others;
    return [key, key === use ? [...kept, column] : kept] as const;
  });
  const next: Record<string, string> = { ...options };
  for (const [key, names] of lists)
    if (names.length === 0) delete next[key];
    else next[key] = takesList(key) ? listText(names) : (names[0] as string);
  for (const [k, key] of groupKeys.entries())
    if (!next["data.split_by"]) delete next[key];
    else if (use === "data.split_by") next[key] = examples[k] ?? "";
  return next;
}

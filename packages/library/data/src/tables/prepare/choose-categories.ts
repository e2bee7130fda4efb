// The categories of data.categories: named columns, or all columns of few different texts.
import {
  badTable,
  byOption,
  type DatasetError,
  firstOf,
  invalidOption,
  setting,
} from "../../errors.js";
import type { ColumnCategory } from "../categories.js";
import { isNumberInText } from "../cells.js";
import type { TableFacts } from "../facts.js";
import { openRows } from "../open.js";
import { absentColumn, type ReadOptions, type RowSource, type TableColumn } from "../row-source.js";
import { type ColumnOptions, type EndColumns, otherUses } from "../select.js";
import { rowFilter } from "../where.js";
import { countLevels, LevelCounts, type LevelRequest } from "./level-counts.js";

/** The value of data.categories for all columns of few different texts. */
const allCategories = "auto";

/** Levels that a category has at most. */
export const mostLevels = 64;

/** The choice of categories, and what other datasets say of them. */
export interface CategoryOptions {
  /** Columns of texts that are trained on as one coordinate for each level; `auto`: all of few different texts. */
  categories?: readonly string[] | undefined;
  /** The dataset whose columns are read, in its order. */
  like?: (EndColumns & Partial<Pick<TableFacts, "categories">>) | undefined;
  /**
   * The other datasets, which may have further levels; needed without `like`. A `where` of their own takes the place of
   * the table's; null is none.
   */
  others?:
    | readonly { path: string; group?: string | undefined; where?: string | null | undefined }[]
    | undefined;
  /** Whether `auto` ignores a column of more than 64 levels instead of refusing it (default: no). */
  ignoresManyLevels?: boolean | undefined;
}

/** Categories, and ignored columns of texts. */
interface CategoryChoice {
  categories: readonly ColumnCategory[];
  ignored: readonly string[];
  /** For people. */
  notes: readonly string[];
}

const noCategories: CategoryChoice = { categories: [], ignored: [], notes: [] };

/**
 * Finds the categories of a table and of `others`, with the levels of all of them, or takes these of `like`. With
 * `auto`, columns whose texts are mostly different name the rows, and are ignored.
 * @throws {DatasetError} `InvalidOption` for unknown columns and for columns of another use, and `BadTable` for more
 * than 64 levels.
 */
export async function chooseCategories(
  source: RowSource,
  options: CategoryOptions & ColumnOptions & ReadOptions & LevelRequest,
): Promise<CategoryChoice> {
  const { categories: list, like, others = [] } = options;
  if (list === undefined) return noCategories;
  const isAuto = list.length === 1 && list[0] === allCategories;
  const names = isAuto ? textColumnsOf(source, options) : checkedNames(source, list, options);
  if (like)
    return {
      ...noCategories,
      categories: like.categories ?? [],
      ignored: isAuto ? unlike(names, like) : [],
    };
  if (names.length === 0) return noCategories;
  const counts = [await countLevels(source, names, options)];
  for (const { path, group, where = options.where } of others) {
    const other = path === source.path ? source : await openRows(path, options);
    try {
      counts.push(
        await countLevels(other, names, { ...options, group, where: where ?? undefined }),
      );
    } finally {
      if (other !== source) other.close();
    }
  }
  const { ignoresManyLevels = false } = options;
  return choiceOf(source.path, names, { counts, isAuto, ignoresManyLevels });
}

/** Columns of texts that are no columns of another dataset. */
function unlike(
  names: readonly string[],
  { columns, categories = [] }: NonNullable<CategoryOptions["like"]>,
): string[] {
  const isKnown = (name: string) =>
    columns.includes(name) || categories.some((category) => category.name === name);
  return names.filter((name) => !isKnown(name));
}

/** The choice among columns with texts of all tables. */
function choiceOf(
  path: string,
  names: readonly string[],
  {
    counts,
    isAuto,
    ignoresManyLevels,
  }: {
    counts: readonly ReadonlyMap<string, LevelCounts>[];
    isAuto: boolean;
    ignoresManyLevels: boolean;
  },
): CategoryChoice {
  const categories: ColumnCategory[] = [];
  const ignored: string[] = [];
  const notes: string[] = [];
  for (const name of names) {
    const ofTables = counts.map((table) => table.get(name) as LevelCounts);
    const levels = LevelCounts.levelsOf(ofTables);
    const numbering = ofTables.find((count) => count.areNames());
    // A text among numbers is probably a mistake, and is refused with its row.
    const areNumbers = areMostlyNumbers(levels);
    if (isAuto && numbering && !areNumbers) {
      ignored.push(name);
      notes.push(
        `column ${name} names the rows (${numbering.size} different texts in ${numbering.rows} rows): it is not trained on; ${setting("data.keep", [name])} copies it into samples`,
      );
    } else if (isAuto && ignoresManyLevels && levels.length > mostLevels) ignored.push(name);
    else if (!isAuto || !areNumbers) {
      if (levels.length > mostLevels) throw tooManyLevels(path, name, levels.length);
      if (levels.length > 0) categories.push({ name, levels });
    }
  }
  if (isAuto && categories.length > 0) {
    const texts = categories.map(({ name, levels }) => `${name} (${firstOf(levels, 4)})`);
    notes.unshift(`categories: ${firstOf(texts, 12)}`);
  }
  return { categories, ignored, notes };
}

const areMostlyNumbers = (levels: readonly string[]): boolean =>
  2 * levels.filter(isNumberInText).length > levels.length;

function tooManyLevels(path: string, name: string, size: number): DatasetError {
  return badTable(
    path,
    `column ${name} has ${size} different texts: expected at most ${mostLevels} levels of a category; merge the rare ones`,
    [
      byOption("data.exclude", [name], "to leave the column out"),
      byOption("data.keep", [name], "to copy it into samples"),
    ],
  );
}

/** The option that uses a column for something else, by the column's name. */
const optionsByColumn = (options: ColumnOptions): Map<string, string> =>
  new Map(
    otherUses(options).flatMap(([option, names]) =>
      names.map((name): [string, string] => [name, option]),
    ),
  );

/** Columns of texts that have no other use; texts with a number in another notation are none. */
export function textColumnsOf(source: RowSource, options: ColumnOptions): string[] {
  const { columns, where } = options;
  const uses = optionsByColumn(options);
  const inCondition = where === undefined ? [] : rowFilter(where, source).texts;
  const isText = ({ name, kind, beside, example }: TableColumn) =>
    kind === "text" &&
    (columns ? columns.includes(name) : !beside) &&
    (example?.hint === undefined || example.hint === "boolean") &&
    !uses.has(name) &&
    !inCondition.includes(name);
  return source.columns.filter(isText).map(({ name }) => name);
}

function checkedNames(
  source: RowSource,
  names: readonly string[],
  options: ColumnOptions,
): string[] {
  const uses = optionsByColumn(options);
  for (const name of names) {
    if (!source.columns.some((column) => column.name === name))
      throw absentColumn(source, { key: "data.categories", name });
    const use = uses.get(name);
    if (use !== undefined)
      throw invalidOption(
        `${setting("data.categories", [name])}: ${use} has the column too: expected one use; leave it out of one of them`,
      );
  }
  return [...names];
}

import { badTable, byOption, cureWords, firstOf, setting } from "../errors.js";
import { hintCures } from "./cells.js";
import { absentColumn, type RowSource, type TableColumn } from "./row-source.js";
import { rowFilter } from "./where.js";

/** The user's choice of columns, by the names in the file, or c0, c1, … */
export interface ColumnOptions {
  /** Columns to train on (default: all with numbers). */
  columns?: readonly string[] | undefined;
  /** Columns to drop. */
  exclude?: readonly string[] | undefined;
  /** Columns that samples keep unchanged. */
  keep?: readonly string[] | undefined;
  /** The condition column. */
  condition?: string | undefined;
  /** Whether the condition's numbers are codes of classes. */
  classes?: boolean | undefined;
  /** Columns of numbers for masses, by the option that names each; they are not trained on. */
  masses?: Readonly<Record<string, string>> | undefined;
  /** The column of row ids. */
  id?: string | undefined;
  /** The column that separates the rows of source and target. */
  split_by?: string | undefined;
  /** See `rowFilter`; texts in it are not trained on. */
  where?: string | undefined;
}

/** The columns that an option uses for something else than training, by the option that names them. */
export function otherUses(options: ColumnOptions): [option: string, names: readonly string[]][] {
  const { exclude = [], keep = [], condition, id, split_by, masses = {} } = options;
  const uses = {
    "data.exclude": exclude,
    "data.keep": keep,
    "data.condition": condition,
    "data.id": id,
    "data.split_by": split_by,
    ...masses,
  };
  return Object.entries(uses).map(([option, names]) => [option, [names ?? []].flat()]);
}

/**
 * The columns of a table to train on, and its condition.
 * @throws {DatasetError} `InvalidOption` for unknown names (with the closest), and `BadTable` for texts to train on,
 * and without a column to train on.
 */
export function selectColumns(
  source: RowSource,
  options: ColumnOptions,
): { trained: string[]; condition: TableColumn | null } {
  const { path } = source;
  const { columns: list, exclude = [], keep = [], condition, classes, id } = options;
  const { split_by, where, masses = {} } = options;
  const columns = new Map(source.columns.map((column) => [column.name, column]));
  const names = [...columns.keys()];
  for (const [key, chosen] of [["data.columns", list ?? []] as const, ...otherUses(options)]) {
    const absent = chosen.find((name) => !columns.has(name));
    if (absent !== undefined) throw absentColumn(source, { key, name: absent });
  }
  for (const [key, name] of Object.entries(masses))
    if (columns.get(name)?.kind === "text")
      throw badTable(path, `${key}=${name} is a column of texts: expected a number in each row`);
  const conditionTexts = where === undefined ? [] : rowFilter(where, source).texts;
  const ownNames = [condition, id, split_by, ...Object.values(masses)];
  const others = new Set([...exclude, ...keep, ...ownNames, ...conditionTexts]);
  const candidates = list ?? names.filter((name) => !columns.get(name)?.beside);
  const trained = [...new Set(candidates)].filter((name) => !others.has(name));
  checkNumbers(
    path,
    trained.flatMap((name) => columns.get(name) ?? []),
    exclude,
  );
  if (trained.length === 0)
    throw badTable(
      path,
      `no column is left to train on of ${names.join(", ") || "none"}: expected one or more with numbers`,
    );
  const column = condition === undefined ? undefined : columns.get(condition);
  return {
    trained,
    condition: column ? { ...column, ...(classes && { kind: "text" as const }) } : null,
  };
}

const mostExcluded = 20;
/** Columns, and groups of columns with one cure, that a message names. */
const mostNamed = 5;

const withExample = ({ name, example }: TableColumn): string =>
  example
    ? `${name} (${JSON.stringify(example.text.slice(0, 40))} in row ${example.row + 1})`
    : name;

/** Names a column of texts with its first text, and what to write if it looks like a number. */
export const aboutText = (column: TableColumn): string => aboutTexts([column]);

const isAlmostNumbers = ({ example }: TableColumn) =>
  example?.hint !== undefined || example?.isAmongNumbers === true;

/** Names columns of texts with one notation, and what to write. */
function aboutTexts(columns: readonly TableColumn[]): string {
  const [{ example }] = columns as [TableColumn];
  const { hint, text = "", isAmongNumbers = false } = example ?? {};
  const names = firstOf(columns.map(withExample), mostNamed);
  const isOne = columns.length === 1;
  if (!hint && isAmongNumbers)
    return `${names} ${isOne ? "is a text" : "are texts"} among numbers: ${cureWords([isOne ? "repair it" : "repair them", byOption("data.na", [text.trim()], "if it marks missing values")])}`;
  if (!hint) return `${names} is no number: repair it`;
  const { has, cures } = hintCures[hint];
  return `${names} ${isOne ? "has" : "have"} ${has}: ${cureWords(cures)}`;
}

/** Columns that one cure helps: of one notation, or with one text among numbers. */
function byCure(columns: readonly TableColumn[]): TableColumn[][] {
  const groups = new Map<string, TableColumn[]>();
  for (const column of columns) {
    const key = column.example?.hint ?? `text ${column.example?.text.trim()}`;
    groups.set(key, [...(groups.get(key) ?? []), column]);
  }
  return [...groups.values()];
}

function checkNumbers(
  path: string,
  columns: readonly TableColumn[],
  exclude: readonly string[],
): void {
  const texts = columns.filter(({ kind }) => kind === "text");
  if (texts.length === 0) return;
  const groups = byCure(texts.filter(isAlmostNumbers));
  const plain = texts.filter((column) => !isAlmostNumbers(column));
  const problems = groups
    .slice(0, mostNamed)
    .map((group) => `${group.length === 1 ? "column" : "columns"} ${aboutTexts(group)}`);
  if (groups.length > mostNamed) problems.push(`${groups.length - mostNamed} more such cures`);
  const names = [...exclude, ...texts.map(({ name }) => name)];
  const cure =
    names.length > mostExcluded
      ? `the columns to train on in data.columns (${names.length} columns are to be dropped)`
      : `${setting("data.exclude", names)} to leave ${texts.length === 1 ? "it" : "all"} out`;
  if (plain.length === 0) throw badTable(path, `${problems.join("; ")}, or ${cure}`);
  problems.push(
    `text in the ${plain.length === 1 ? "column" : "columns"} ${firstOf(plain.map(withExample), mostNamed)}: expected numbers`,
  );
  throw badTable(
    path,
    `${problems.join("; ")}; write ${cure}, name a column in data.categories to train on its texts, in data.keep to leave it as it is, in data.condition for a conditional bridge, or in data.split_by for two groups in one file`,
  );
}

/** The columns of a dataset, which another dataset must match. */
export interface EndColumns {
  path: string;
  named: boolean;
  columns: readonly string[];
}

/**
 * The other columns in this dataset's order: by name if both have names, else by number.
 * @throws {DatasetError} `BadTable` with the differences.
 */
export function matchColumns(source: EndColumns, other: EndColumns): string[] {
  if (!source.named || !other.named) {
    if (source.columns.length === other.columns.length) return [...other.columns];
    throw badTable(
      source.path,
      `has ${source.columns.length} columns and ${other.path} ${other.columns.length}: expected as many in both; choose them with data.columns=… or data.exclude=…`,
    );
  }
  const sets = [source, other].map(({ columns }) => new Set(columns));
  const differences = [source, other].flatMap(({ path, columns }, i) => {
    const names = columns.filter((name) => !sets[1 - i].has(name));
    return names.length > 0 ? `only ${path} has ${firstOf(names, 8)}` : [];
  });
  if (differences.length === 0) return [...source.columns];
  const common = source.columns.filter((name) => sets[1].has(name));
  const isShort = common.length > 0 && common.length <= mostExcluded;
  throw badTable(
    other.path,
    `the two ends have different columns: ${differences.join("; ")}: expected the same at both; rename them, or ${isShort ? `write ${setting("data.columns", common)}` : "name columns of both in data.columns"}`,
  );
}

// Which columns of a table are trained on, carried along, a condition or a group: by name, numbers by default.
import { badTable, DatasetError, invalidOption } from "../errors.js";
import { didYouMean, firstOf } from "../names.js";
import type { RowSource, TableColumn } from "./rows.js";

/** The columns that a user names; names are those of the file, or c0, c1, … */
export interface ColumnOptions {
  /** Those to train on; default all with numbers. */
  columns?: readonly string[] | undefined;
  /** Those to leave out. */
  exclude?: readonly string[] | undefined;
  /** Those that samples carry along unchanged. */
  keep?: readonly string[] | undefined;
  /** The one that networks are conditioned on. */
  condition?: string | undefined;
  /** The one that names the rows. */
  id?: string | undefined;
  /** The one whose values say which rows belong to an end. */
  split_by?: string | undefined;
}

export interface Selection {
  /** The columns to train on, in the order of the file or of `columns`. */
  trained: string[];
  kept: string[];
  condition: TableColumn | null;
  group: string | null;
}

/**
 * The columns of a table by their use. Throws `InvalidOption` for names that it has not (with the nearest), and
 * `BadTable` for texts among the columns to train on, which names the ways out, for repeated names, and for none.
 */
export function selectColumns(source: RowSource, options: ColumnOptions): Selection {
  const { path, columns } = source;
  const { exclude = [], keep = [], condition, id, split_by } = options;
  const names = columns.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined)
    throw badTable(
      path,
      `has the column ${twice} ${names.filter((name) => name === twice).length} times: expected each name once; rename them`,
    );
  const given = { columns: options.columns, exclude, keep, condition, id, split_by };
  for (const [key, wanted] of Object.entries(given)) {
    const absent = [wanted ?? []].flat().find((name) => !names.includes(name));
    if (absent === undefined) continue;
    const some = names.slice(0, 12).join(", ") + (names.length > 12 ? `, … (${names.length})` : "");
    throw invalidOption(
      `data.${key}=${absent}: ${path} has no such column${didYouMean(absent, names) || `; it has ${some}`}`,
    );
  }
  const others = [...exclude, ...keep, condition, id, split_by];
  const usual = columns.filter(({ beside }) => !beside).map(({ name }) => name);
  const wanted = [...new Set(options.columns ?? usual)].filter((name) => !others.includes(name));
  const of = (name: string) => columns[names.indexOf(name)] as TableColumn;
  const texts = wanted.map(of).filter(({ kind }) => kind === "text");
  if (texts.length > 0) throw textColumns(path, texts);
  if (wanted.length === 0)
    throw badTable(
      path,
      `no column is left to train on of ${names.join(", ") || "none"}: expected one or more with numbers`,
    );
  return {
    trained: wanted,
    kept: [...keep],
    condition: condition === undefined ? null : of(condition),
    group: split_by ?? null,
  };
}

function textColumns(path: string, texts: readonly TableColumn[]): DatasetError {
  const commas = texts.find(({ example }) => example?.commas);
  const shown = ({ name, example }: TableColumn) =>
    example
      ? `${name} (${JSON.stringify(example.text.slice(0, 40))} in row ${example.row + 1})`
      : name;
  if (commas)
    return badTable(
      path,
      `column ${shown(commas)} has decimal commas: write data.decimal=, to read them as numbers`,
    );
  const list = (some: readonly TableColumn[]) => {
    const all = some.map(({ name }) => name).join(",");
    return all.length > 200 ? `${some[0]?.name},…` : all;
  };
  const some = firstOf(texts.map(shown), 5);
  const rowNames = texts.filter(({ names }) => names);
  const first = texts.find(({ names }) => !names);
  const cures = [
    `data.exclude=${list(texts)} to leave out`,
    rowNames.length > 0
      ? `data.keep=${list(rowNames)} to carry along (an identifier: each row has another text)`
      : "data.keep=… to carry along",
    ...(first
      ? [
          `data.condition=${first.name} for a conditional bridge`,
          `data.split_by=${first.name} for two groups in one file`,
        ]
      : []),
  ];
  const isOne = texts.length === 1;
  return badTable(
    path,
    `${isOne ? "column" : "columns"} ${some} ${isOne ? "holds" : "hold"} text, expected numbers: write ${cures.slice(0, -1).join(", ")}${cures.length > 2 ? "," : ""} or ${cures.at(-1)}`,
  );
}

/** The columns of an end, to which another end's must fit. */
export interface EndColumns {
  path: string;
  /** Whether the file has names for them. */
  named: boolean;
  columns: readonly string[];
}

/**
 * The columns of the other end in the order of this one: by name where both have names, else by their number.
 * Throws `BadTable` with the differences.
 */
export function matchColumns(source: EndColumns, other: EndColumns): string[] {
  const [a, b] = [source.columns, other.columns];
  if (source.named && other.named) {
    const only = (xs: readonly string[], ys: readonly string[]) =>
      xs.filter((x) => !ys.includes(x));
    const [left, right] = [only(a, b), only(b, a)];
    if (left.length + right.length === 0) return [...a];
    const list = (names: string[]) => firstOf(names, 8);
    const differences = [
      ...(left.length > 0 ? [`only ${source.path} has ${list(left)}`] : []),
      ...(right.length > 0 ? [`only ${other.path} has ${list(right)}`] : []),
    ];
    throw new DatasetError(
      "BadTable",
      `the two ends have different columns: ${differences.join("; ")}: expected the same at both; rename them, or write data.exclude=${list([...left, ...right]).replaceAll(", ", ",")}`,
    );
  }
  if (a.length === b.length) return [...b];
  throw new DatasetError(
    "BadTable",
    `${source.path} has ${a.length} columns and ${other.path} ${b.length}: expected as many at both ends; choose them with data.columns=… or data.exclude=…`,
  );
}

// Columns of texts as coordinates, one for each of their levels, and back.
import { badTable, byOption, firstOf } from "../errors.js";
import { classLabel } from "./prepare/codes.js";
import type { RowBatch, RowRequest, RowSource, TableColumn } from "./row-source.js";

/** A column of texts that is trained on as one coordinate for each level. */
export interface ColumnCategory {
  /** Name of the column. */
  name: string;
  /** Its texts, sorted, in all datasets together. */
  levels: readonly string[];
}

/** A category among the trained columns, in which its levels follow each other. */
export interface CategoryBlock extends ColumnCategory {
  /** The place of its first level. */
  first: number;
}

/** The name of the coordinate of a level: 1 in its rows, 0 in others. */
const levelColumn = (name: string, level: string): string => `${name}=${level}`;

/** The places of categories among trained columns. */
export const categoryBlocks = (
  columns: readonly string[],
  categories: readonly ColumnCategory[],
): CategoryBlock[] =>
  categories.map(({ name, levels }) => ({
    name,
    levels,
    first: columns.indexOf(levelColumn(name, levels[0])),
  }));

/** The places of all levels of categories among trained columns. */
export const levelPlaces = (
  columns: readonly string[],
  categories: readonly ColumnCategory[],
): ReadonlySet<number> =>
  new Set(
    categoryBlocks(columns, categories).flatMap(({ first, levels }) =>
      levels.map((_, k) => first + k),
    ),
  );

/** Names of columns, each category replaced by the coordinates of its levels. */
export const withLevels = (
  columns: readonly string[],
  categories: readonly ColumnCategory[],
): string[] => {
  const levelsOf = new Map(categories.map(({ name, levels }) => [name, levels]));
  return columns.flatMap(
    (name) => levelsOf.get(name)?.map((level) => levelColumn(name, level)) ?? [name],
  );
};

/** The trained columns as the file names them: a category instead of its levels. */
export const columnsOfFile = (
  columns: readonly string[],
  categories: readonly ColumnCategory[],
): string[] => {
  const starts = new Map(categoryBlocks(columns, categories).map((one) => [one.first, one.name]));
  const places = levelPlaces(columns, categories);
  return columns.flatMap((name, k) => starts.get(k) ?? (places.has(k) ? [] : [name]));
};

/**
 * A table whose categories are columns of numbers, one for each level. The columns of texts stay, but are used only by
 * name. Missing texts are NaN in the first level.
 * @throws {DatasetError} `BadTable` for an absent column, and for a column that has the name of a level.
 */
export function embedCategories(
  source: RowSource,
  categories: readonly ColumnCategory[],
): RowSource {
  if (categories.length === 0) return source;
  const { path } = source;
  const absent = categories.find(
    ({ name }) => !source.columns.some((column) => column.name === name),
  );
  if (absent)
    throw badTable(
      path,
      `has no column ${absent.name}, a category of ${firstOf(absent.levels, 8)}: expected the same columns in all files; add or rename it`,
    );
  const names = new Set(source.columns.map(({ name }) => name));
  const taken = withLevels(
    categories.map(({ name }) => name),
    categories,
  ).find((name) => names.has(name));
  if (taken !== undefined)
    throw badTable(
      path,
      `has a column ${taken}, which is the name of a level too: expected another name; rename it`,
    );
  const reader = new LevelReader(source, categories);
  return {
    ...source,
    columns: source.columns.flatMap((column) => embeddedColumns(column, categories)),
    checkLevel: (category, row) => reader.check(category, row),
    batches: (request) => reader.batches(request),
  };
}

function embeddedColumns(
  column: TableColumn,
  categories: readonly ColumnCategory[],
): TableColumn[] {
  const category = categories.find(({ name }) => name === column.name);
  if (!category) return [column];
  const levels = category.levels.map(
    (level): TableColumn => ({
      name: levelColumn(category.name, level),
      kind: "number",
      category: category.name,
    }),
  );
  return [{ ...column, beside: true }, ...levels];
}

/** A level among the columns of numbers. */
interface LevelPlace {
  category: ColumnCategory;
  /** Its index among the levels. */
  code: number;
}

const missingCode = -1;
const unknownCode = -2;

/** Reads the columns of levels of a table. */
class LevelReader {
  readonly #levels: ReadonlyMap<string, LevelPlace>;
  /** The texts of the current batch, by category, and its first row. */
  #texts: ReadonlyMap<string, readonly string[]> = new Map();
  #first = 0;

  constructor(
    private readonly source: RowSource,
    private readonly categories: readonly ColumnCategory[],
  ) {
    this.#levels = new Map(
      categories.flatMap((category) =>
        category.levels.map((level, code) => [
          levelColumn(category.name, level),
          { category, code },
        ]),
      ),
    );
  }

  /** @throws {DatasetError} `BadTable` if the text of a category in a row of the current batch is no level. */
  check(name: string, row: number): void {
    const { levels } = this.categories.find((one) => one.name === name) as ColumnCategory;
    const text = this.#texts.get(name)?.[row - this.#first] ?? "";
    const label = classLabel(text);
    if (this.source.isMissing(text) || levels.includes(label)) return;
    throw badTable(
      this.source.path,
      `column ${name} has ${JSON.stringify(label)} in row ${row + 1}: expected one of ${firstOf(levels, 12)}${levels.length > 12 ? ` (${levels.length})` : ""}`,
      [
        "repair it",
        byOption(
          "data.where",
          [`${nameInCondition(name)} != "${label}"`],
          "to leave these rows out",
        ),
      ],
    );
  }

  async *batches({ numbers = [], texts = [], ...how }: RowRequest): AsyncGenerator<RowBatch> {
    const embedded = new Set(numbers.flatMap((name) => this.#levels.get(name)?.category ?? []));
    const plain = numbers.filter((name) => !this.#levels.has(name));
    const names = [...embedded].map(({ name }) => name);
    const request = { numbers: plain, texts: [...texts, ...names], ...how };
    const readers = [...embedded].map((category) => this.#codeReader(category));
    for await (const batch of this.source.batches(request)) {
      const cells = batch.texts.splice(texts.length);
      this.#texts = new Map(names.map((name, k) => [name, cells[k]]));
      this.#first = batch.first;
      const codes = new Map(
        [...embedded].map((category, k) => [category, Int16Array.from(cells[k], readers[k])]),
      );
      const places = new Map(plain.map((name, k) => [name, k]));
      const seen = new Set<ColumnCategory>();
      const columns = numbers.map((name) => {
        const level = this.#levels.get(name);
        if (!level) return batch.numbers[places.get(name) as number];
        const isFirst = !seen.has(level.category);
        seen.add(level.category);
        return indicatorOf(codes.get(level.category) as Int16Array, level.code, isFirst);
      });
      yield { ...batch, numbers: columns };
    }
  }

  /** The code of a text, which is looked up once for each different text. */
  #codeReader({ levels }: ColumnCategory): (text: string) => number {
    const codes = new Map<string, number>();
    const { isMissing } = this.source;
    return (text) => {
      const known = codes.get(text);
      if (known !== undefined) return known;
      const place = levels.indexOf(classLabel(text));
      const code = place >= 0 ? place : isMissing(text) ? missingCode : unknownCode;
      codes.set(text, code);
      return code;
    };
  }
}

/** 1 in the rows of a level, else 0; NaN for other texts in the column of one level, so that each row counts once. */
function indicatorOf(codes: Int16Array, code: number, showsOthers: boolean): Float64Array {
  const column = new Float64Array(codes.length);
  for (let i = 0; i < column.length; i++)
    column[i] = codes[i] === code ? 1 : showsOthers && codes[i] < 0 ? Number.NaN : 0;
  return column;
}

/** A name of a column in data.where. */
const nameInCondition = (name: string): string =>
  /^[\p{L}_][\p{L}\p{N}_.]*$/u.test(name) ? name : `\`${name}\``;

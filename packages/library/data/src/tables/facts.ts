import { readFileSync } from "node:fs";
import { nounOf } from "@dsbm/files";
import { firstOf, setting } from "../errors.js";
import { attempt } from "../files/read.js";
import { type ColumnCategory, categoryBlocks, levelPlaces } from "./categories.js";
import { columnNotes, round } from "./column-notes.js";
import { type DependentColumn, dependenceNotes } from "./dependent-columns.js";
import { type EmbeddingFacts, embeddingNotes } from "./embedding.js";
import { farValueNotes } from "./far-values.js";
import type { EdgeShares } from "./prepare/edges.js";
import { areCopies, type RepeatedRows } from "./prepare/repeated-rows.js";
import type { ColumnMoments } from "./prepare/split.js";
import type { TableFormat } from "./row-source.js";
import { firstTwins, twinNotes } from "./twin-columns.js";
import type { ColumnCondition } from "./units/column-condition.js";
import type { ColumnTransform } from "./units/column-transform.js";
import type { ColumnBounds, Limits } from "./units/limits.js";
import { undoValue } from "./units/value-transform.js";

/** A number, or a class, stored as its index. */
export interface ConditionFacts {
  name: string;
  /** Sorted; null for numbers. */
  classes: string[] | null;
  /** Mean of the training rows. */
  mean: number;
  variance: number;
  /** Range of all rows. */
  range: { min: number; max: number };
}

/** Facts about a table that was read. */
export interface TableFacts {
  /** The file. */
  path: string;
  /** The SHA-256 of its content. */
  digest: string;
  /** Format of the file. */
  format: TableFormat;
  /** The value of data.split_by; null for all rows. */
  group: string | null;
  /** Rows in the file. */
  all: number;
  /** Rows of the group, its dropped rows, and both splits. */
  rows: number;
  /** Rows with missing values. */
  dropped: number;
  /** Training rows. */
  train: number;
  /** Held-out rows. */
  test: number;
  /** Trained columns in order. */
  columns: string[];
  /** Whether the file names its columns. */
  named: boolean;
  /** Categories, whose levels are trained columns. */
  categories: ColumnCategory[];
  /** Columns that samples copy. */
  kept: string[];
  /** The column of conditions. */
  condition: ConditionFacts | null;
  /** Sums over all rows of the columns for masses, by the option that names each. */
  masses: Record<string, number>;
  /** Whether the following facts are of log(1 + x). */
  log1p: boolean;
  /** Prepared rows are x − offset: float32 keeps small differences of large numbers. */
  offset: number[];
  /** Moments of the training rows. */
  moments: ColumnMoments;
  /** Range of all rows. */
  range: { min: number[]; max: number[] };
  /** Whether all values of a column are whole numbers. */
  whole: boolean[];
  /** Lower and upper quartiles of the first rows. */
  quartiles: { low: number[]; high: number[] };
  /** Interquartile ranges of the first rows. */
  spread: number[];
  /** The same; where the middle half has one value, the interquartile ranges of the other values. */
  width: number[];
  /** The rows at each end of the range. */
  edges: EdgeShares;
  /** Held-out rows that equal training rows. */
  repeated: RepeatedRows;
  /** Columns of whole numbers that rise with each row, as row numbers do. */
  counters: string[];
  /** The model that made the columns; undefined: none that is known. */
  embedding?: EmbeddingFacts | undefined;
  /** For people. */
  notes: string[];
}

/** The file, and its group. */
export const placeOf = ({ path, group }: TableFacts): string =>
  group === null ? path : `${path} (${group})`;

/** Tables from another version are prepared again. */
export const factsVersion = 14;

/**
 * The facts of a prepared table.
 * @throws {DatasetError} `Unreadable`
 */
export const readFacts = (path: string): TableFacts =>
  attempt(path, () => JSON.parse(readFileSync(path, "utf8")) as TableFacts);

interface Context {
  transform: ColumnTransform;
  conditioning: ColumnCondition | null;
  bounds: ColumnBounds;
  /** The limits of generated values (default: none). */
  limits?: Limits | null;
  /** Columns that follow from several others (default: none). */
  dependents?: readonly DependentColumn[];
  /** The number of principal components that are trained instead of the columns (default: none). */
  components?: number | null;
}

/**
 * The content of data.json: `source` and `target`, `columns` with their ranges, `categories`, `kept` columns, the
 * `transform` to network units, the `conditioning` column, and `warnings`.
 */
export type DataDescription = ReturnType<typeof describeTables>;

/** Describes the source, and the last of the other tables as the target, with warnings about all tables. Ranges are in the user's units. */
export function describeTables(
  datasets: readonly TableFacts[],
  { transform, conditioning, bounds, limits = null, dependents = [], components = null }: Context,
) {
  const [source, ...others] = datasets;
  const target = others.at(-1) ?? null;
  const sizes = datasets.map(({ train }) => train);
  const levels = levelPlaces(source.columns, source.categories);
  const twins = firstTwins(datasets);
  const columns = source.columns.map((name, k) => ({
    name,
    source: bounds.source[k],
    target: bounds.target?.[k] ?? null,
    all: bounds.all[k],
    whole: bounds.whole[k],
    notes: levels.has(k)
      ? []
      : [
          ...columnNotes(k, datasets, { transform, bounds, limits }),
          ...farValueNotes(datasets, k, (one) => ({
            place: placeOf(one),
            what: "rows",
            own: undoValue(one),
          })),
          ...twinNotes(name, twins[k]),
          ...dependents.filter((column) => column.name === name).flatMap(dependenceNotes),
        ],
  }));
  return {
    source: describeEnd(source),
    target: target && describeEnd(target),
    columns,
    conditioning,
    categories: source.categories,
    kept: source.kept,
    transform,
    warnings: [
      ...new Set(datasets.flatMap(({ notes }) => notes)),
      ...(target && target.digest === source.digest && target.group === source.group
        ? [
            `${placeOf(source)} and ${placeOf(target)} have the same content: expected two datasets; give another file, or name the groups of one file by data.split_by`,
          ]
        : []),
      ...new Set(others.flatMap((facts) => embeddingNotes(source, facts))),
      ...datasets.flatMap((facts) => rowWarnings(facts, components)),
      ...others.flatMap((facts) => numberWarnings(source, facts)),
      ...(Math.max(...sizes) > 10 * Math.min(...sizes)
        ? [`unequal sizes: ${sizes.join(" and ")} rows to train on`]
        : []),
      ...(target
        ? [...conditionWarnings(source, target), ...conditionWarnings(target, source)]
        : []),
      ...new Set(datasets.flatMap(categoryWarnings)),
      ...columns.flatMap(({ name, notes }) => notes.map((note) => `column ${name}: ${note}`)),
    ],
  };
}

/** What data.json has of a dataset: its file, format, group and counts of rows. */
export const describeEnd = (facts: TableFacts) => {
  const { path, format, rows, train, test, dropped, group, embedding } = facts;
  return { path, format, rows, train, test, dropped, group, embedding };
};

function rowWarnings(facts: TableFacts, components: number | null): string[] {
  const { dropped, rows, train, columns } = facts;
  const { heldOut, repeated } = facts.repeated;
  const place = placeOf(facts);
  const enough = Math.max(200, 10 * (components ?? columns.length));
  const coordinates =
    components === null
      ? `${columns.length} ${nounOf(columns.length, "column")}`
      : `${components} principal components`;
  const lines: string[] = [];
  if (dropped > 0) lines.push(`${place}: dropped ${dropped} of ${rows} rows with missing values`);
  // Rows of whole numbers may agree by chance.
  if (facts.whole.includes(false) && areCopies(facts.repeated))
    lines.push(
      `${place}: ${repeated} of ${heldOut} held-out rows equal training rows, so metrics look better than they are: remove the copies`,
    );
  if (train < enough)
    lines.push(
      `few rows: ${place} has ${train} to train on, expected ${enough} or more for ${coordinates}`,
    );
  return lines;
}

/** Rows below which numbers may be whole by chance. */
const fewRows = 10;

/** Whole numbers in most columns of one table, and fractions in the other table: counts and logarithms, or two units. */
function numberWarnings(source: TableFacts, target: TableFacts): string[] {
  if (Math.min(source.rows, target.rows) < fewRows) return [];
  const isUsed = (k: number) =>
    [source, target].every(({ range }) => range.min[k] !== 0 || range.max[k] !== 0);
  const used = [...source.columns.keys()].filter(isUsed);
  return [
    [source, target],
    [target, source],
  ].flatMap(([a, b]) => {
    const changed = used.filter((k) => a.whole[k] && !b.whole[k]);
    if (2 * changed.length <= used.length) return [];
    const names = firstOf(
      changed.map((k) => source.columns[k]),
      5,
    );
    return [
      `${placeOf(a)} has whole numbers in ${changed.length} of ${source.columns.length} columns, where ${placeOf(b)} has fractions (${names}): expected one matrix and unit, such as counts in both; data.layer chooses a matrix of .h5ad files`,
    ];
  });
}

/** Levels that a dataset lacks, and categories of one level. */
function categoryWarnings(facts: TableFacts): string[] {
  const { columns, categories, range } = facts;
  return categoryBlocks(columns, categories).flatMap(({ name, levels, first }) => {
    if (levels.length === 1)
      return [
        `category ${name}: only ${levels[0]} occurs; ${setting("data.exclude", [name])} leaves it out`,
      ];
    const absent = levels.filter((_, k) => range.max[first + k] === 0);
    return absent.length > 0
      ? [`category ${name}: ${placeOf(facts)} has no ${firstOf(absent, 8)}`]
      : [];
  });
}

/** Values of the condition in one dataset only: these rows have no partners. */
function conditionWarnings(facts: TableFacts, { condition: other }: TableFacts): string[] {
  const { condition } = facts;
  if (!condition || !other) return [];
  const { name, classes, range } = condition;
  const place = placeOf(facts);
  const alone = classes?.filter((label) => !other.classes?.includes(label)) ?? [];
  if (alone.length > 0)
    return [`only ${place} has ${name} ${firstOf(alone, 8)}: these rows have no partners there`];
  if (classes || (range.min >= other.range.min && range.max <= other.range.max)) return [];
  const span = ({ min, max }: typeof range) => `${round(min)} to ${round(max)}`;
  return [
    `${name} is ${span(range)} in ${place}, and ${span(other.range)} at the other end: rows beyond have no partners there`,
  ];
}

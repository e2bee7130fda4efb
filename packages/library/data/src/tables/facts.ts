import { readFileSync } from "node:fs";
import { firstOf, setting } from "../errors.js";
import { attempt } from "../files/read.js";
import { type ColumnCategory, categoryBlocks, levelPlaces } from "./categories.js";
import { farValueNotes } from "./far-values.js";
import type { EdgeShares } from "./prepare/edges.js";
import { areCopies, type RepeatedRows } from "./prepare/repeated-rows.js";
import type { ColumnMoments } from "./prepare/split.js";
import type { TableFormat } from "./row-source.js";
import { firstTwins, twinNotes } from "./twin-columns.js";
import type { ColumnCondition } from "./units/column-condition.js";
import type { ColumnTransform } from "./units/column-transform.js";
import type { ColumnBounds, Limits } from "./units/limits.js";

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
  /** Interquartile ranges of the first rows. */
  spread: number[];
  /** The rows at each end of the range. */
  edges: EdgeShares;
  /** Held-out rows that equal training rows. */
  repeated: RepeatedRows;
  /** Columns of whole numbers that rise with each row, as row numbers do. */
  counters: string[];
  /** For people. */
  notes: string[];
}

/** The file, and its group. */
export const placeOf = ({ path, group }: TableFacts): string =>
  group === null ? path : `${path} (${group})`;

/** Tables from another version are prepared again. */
export const factsVersion = 11;

/**
 * The facts of a prepared table.
 * @throws {DatasetError} `Unreadable`
 */
export const readFacts = (path: string): TableFacts =>
  attempt(path, () => JSON.parse(readFileSync(path, "utf8")) as TableFacts);

/** A normal distribution of 100,000 rows spans 9. */
const outlying = 15;

/** The range of whole numbers that may be classes. */
const fewValues = 10;

/** id, patient_id, PatientID, sampleId, but not "humid". */
const idName = /(^|[^\p{L}])[iI][dD]$|\p{Ll}(Id|ID)$/u;

const round = (x: number) => Number(x.toPrecision(4));

interface Context {
  transform: ColumnTransform;
  conditioning: ColumnCondition | null;
  bounds: ColumnBounds;
  /** The limits of generated values (default: none). */
  limits?: Limits | null;
}

/**
 * The content of data.json: `source` and `target`, `columns` with their ranges, `categories`, `kept` columns, the
 * `transform` to network units, the `conditioning` column, and `warnings`.
 */
export type DataDescription = ReturnType<typeof describeTables>;

/** Describes the source, and the last of the other tables as the target, with warnings. Ranges are in the user's units. */
export function describeTables(
  tables: readonly TableFacts[],
  { transform, conditioning, bounds, limits = null }: Context,
) {
  const [source, ...others] = tables;
  const target = others.at(-1) ?? null;
  const datasets = target ? [source, target] : [source];
  const sizes = datasets.map(({ train }) => train);
  const levels = levelPlaces(source.columns, source.categories);
  const twins = firstTwins(datasets);
  const columns = source.columns.map((name, k) => ({
    name,
    source: bounds.source[k],
    target: bounds.target?.[k] ?? null,
    whole: bounds.whole[k],
    notes: levels.has(k)
      ? []
      : [...columnNotes(k, datasets, { transform, bounds, limits }), ...twinNotes(name, twins[k])],
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
      ...datasets.flatMap(rowWarnings),
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
  const { path, format, rows, train, test, dropped, group } = facts;
  return { path, format, rows, train, test, dropped, group };
};

function columnNotes(
  k: number,
  datasets: readonly TableFacts[],
  { transform, bounds, limits }: Pick<Context, "transform" | "bounds" | "limits">,
): string[] {
  const name = datasets[0]?.columns[k];
  const a = bounds.source[k];
  const b = bounds.target?.[k] ?? a;
  const exclude = setting("data.exclude", [name]);
  if (transform.std[k] === 0)
    return [
      `constant (${round(a.min)}) in source and target: the bridge keeps its value; ${exclude} leaves it out`,
    ];
  const notes: string[] = [];
  const largest = Math.max(...[a, b].flatMap(({ min, max }) => [Math.abs(min), Math.abs(max)]));
  if (bounds.whole[k] && largest > Number.MAX_SAFE_INTEGER && largest < 2 ** 64)
    notes.push(
      `has whole numbers above 2^53, of which the last digits are rounded: ${exclude} leaves it out, ${setting("data.keep", [name])} keeps all digits`,
    );
  if (datasets.every(({ counters }) => counters.includes(name)))
    notes.push(`rises with each row, as row numbers do: ${asideCure(name)}`);
  else if (bounds.whole[k] && idName.test(name))
    notes.push(`has whole numbers and the name of an id, not of a quantity: ${asideCure(name)}`);
  const low = Math.min(a.min, b.min);
  const high = Math.max(a.max, b.max);
  const widths = datasets.map(({ range, moments }) => {
    const width = range.max[k] - range.min[k];
    return width / Math.sqrt(moments.variance[k]);
  });
  if ((bounds.whole[k] && high - low < fewValues) || datasets.some(({ spread }) => spread[k] === 0))
    notes.push(
      limits?.whole[k]
        ? `few values: generated values are rounded; ${setting("data.classes", [name])} makes classes`
        : `few values, or almost constant (most rows have one value): generated values lie between; ${setting("data.integer", [name])} rounds them, ${setting("data.classes", [name])} makes classes`,
    );
  else if (widths.some((width) => width > outlying)) {
    notes.push(
      `heavy tails (${widths.map(round).join(" and ")} standard deviations wide, a normal distribution less than 10)${tailCure(transform, low)}`,
    );
  }
  notes.push(...datasets.flatMap((facts) => farValueNotes(facts, k, placeOf(facts))));
  if (a.min > b.max || b.min > a.max)
    notes.push(
      `source and target do not overlap: ${round(a.min)} to ${round(a.max)} and ${round(b.min)} to ${round(b.max)}`,
    );
  return notes;
}

/** What to do with a column that names rows. */
const asideCure = (name: string): string =>
  `${setting("data.exclude", [name])} leaves it out, ${setting("data.keep", [name])} carries it along`;

/** What helps against the heavy tails of a column from `low` on. */
function tailCure({ log1p, standardise }: ColumnTransform, low: number): string {
  if (standardise === "robust") return ": far values are drawn in (data.standardise=robust)";
  const mayLog = !log1p && low >= 0;
  return `: data.standardise=robust${mayLog ? " or data.log1p=true" : ""} may help`;
}

function rowWarnings(facts: TableFacts): string[] {
  const { dropped, rows, train, columns } = facts;
  const { heldOut, repeated } = facts.repeated;
  const place = placeOf(facts);
  const enough = Math.max(200, 10 * columns.length);
  const lines: string[] = [];
  if (dropped > 0) lines.push(`${place}: dropped ${dropped} of ${rows} rows with missing values`);
  // Rows of whole numbers may agree by chance.
  if (facts.whole.includes(false) && areCopies(facts.repeated))
    lines.push(
      `${place}: ${repeated} of ${heldOut} held-out rows equal training rows, so metrics look better than they are: remove the copies`,
    );
  if (train < enough)
    lines.push(
      `few rows: ${place} has ${train} to train on, expected ${enough} or more for ${columns.length} columns`,
    );
  return lines;
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

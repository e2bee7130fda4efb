// Samples of an evaluation as figures need them, few enough for a page: samples/ID_points.json, written when an evaluation of
// vectors is drawn. Values are in the units of networks; data.json says how to undo these.
import { type Field, readField } from "../record.js";

/** Numbers of [n, k] samples in row order, k as in `Plane`. */
type Flat = readonly number[];

/** The same of the two ends and of generated samples. */
interface OfKinds {
  source: Flat;
  target: Flat;
  generated: Flat;
}

/** Samples in one or two coordinates. */
export interface Plane extends OfKinds {
  /** 1 or 2. */
  k: number;
  /** The share of the variance along each principal component; null: the coordinates are the columns themselves. */
  explained: readonly number[] | null;
  /** A few paths: the states at each time, in the order in which the sampler goes through them. */
  path: { times: readonly number[]; states: readonly Flat[] };
  /** Of several data sets in a row: those between, in the order of the direction, and what is generated there. */
  between?: readonly MarginalPoints[];
}

interface MarginalPoints {
  name: string;
  time: number;
  data: Flat;
  generated: Flat;
}

/** Shares of the samples in equal bins of [low, high]; the first and the last also hold what lies beyond. */
export interface Histogram extends OfKinds {
  /** The column's number, from 0. */
  column: number;
  low: number;
  high: number;
}

/** Matrices of correlations [m, m] in row order of these columns. */
export interface Correlations extends OfKinds {
  columns: readonly number[];
}

export interface Points {
  /** Samples that were evaluated, and columns. */
  n: number;
  dim: number;
  plane: Plane;
  /** The worst columns, the worst first. */
  histograms: readonly Histogram[];
  /** Of the worst columns, in the order of the data; null for less than three. */
  correlations: Correlations | null;
}

const kindsOf = (item: Field): OfKinds => ({
  source: item.at("source").numbers,
  target: item.at("target").numbers,
  generated: item.at("generated").numbers,
});

/** Reads such a file; null where it is missing or has another form. Throws RunError "corrupt" for text that is no JSON. */
export function readPoints(path: string): Points | null {
  const file = readField(path);
  const plane = planeOf(file.at("plane"));
  const [n, dim] = [file.at("n").number, file.at("dim").number];
  if (!plane || n === null || dim === null) return null;
  return {
    ...{ n, dim, plane },
    histograms: file.at("histograms").list.flatMap((item) => histogramOf(item) ?? []),
    correlations: correlationsOf(file.at("correlations")),
  };
}

function planeOf(plane: Field): Plane | null {
  const k = plane.at("k").number;
  const path = plane.at("path");
  const times = path.at("times").numbers;
  const states = path.at("states").list.map((state) => state.numbers);
  if ((k !== 1 && k !== 2) || times.length === 0 || states.length !== times.length) return null;
  const explained = plane.at("explained");
  return {
    ...{ k, ...kindsOf(plane), path: { times, states } },
    between: plane.at("between").list.flatMap((item) => marginalOf(item) ?? []),
    explained: explained.isThere ? explained.numbers : null,
  };
}

function marginalOf(item: Field): MarginalPoints | null {
  const [name, time] = [item.at("name").text, item.at("time").number];
  if (name === null || time === null) return null;
  return { name, time, data: item.at("data").numbers, generated: item.at("generated").numbers };
}

function histogramOf(item: Field): Histogram | null {
  const [column, low, high] = ["column", "low", "high"].map((key) => item.at(key).number);
  const kinds = kindsOf(item);
  const { length } = kinds.source;
  if (column == null || low == null || high == null || !(high > low)) return null;
  if (length === 0 || Object.values(kinds).some((shares) => shares.length !== length)) return null;
  return { column, low, high, ...kinds };
}

function correlationsOf(item: Field): Correlations | null {
  const columns = item.at("columns").numbers;
  const kinds = kindsOf(item);
  const whole = Object.values(kinds).every((m) => m.length === columns.length ** 2);
  return columns.length > 0 && whole ? { columns, ...kinds } : null;
}

/** From the units of networks back to those of the data, as far as axes can show them. */
export interface Units {
  /** The name of a column on an axis. */
  name(column: number): string;
  /** A value of a column in the data's units, or their logarithm where one was taken. */
  value(column: number, x: number): number;
}

/** The units of the columns as data.json says; columns without a name are x[0], x[1], … */
export function unitsOf(data: Field, names: readonly string[]): Units {
  const transform = data.at("transform");
  const [mean, std] = ["mean", "std"].map((key) => transform.at(key).numbers) as [
    number[],
    number[],
  ];
  const isLog = transform.at("log1p").isTrue;
  /** One number a column, or one for all. */
  const of = (list: readonly number[], column: number, none: number) => {
    const found = list.length === 1 ? list[0] : list[column];
    return found !== undefined && Number.isFinite(found) ? found : none;
  };
  return {
    name(column) {
      const name = names[column] ?? `x[${column}]`;
      return isLog ? `log(1 + ${name})` : name;
    },
    value: (column, x) => x * of(std, column, 1) + of(mean, column, 0),
  };
}

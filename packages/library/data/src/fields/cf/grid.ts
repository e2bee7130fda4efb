// The variables, the times and the grid of a file of fields.
import {
  badTable,
  byOption,
  type DatasetError,
  didYouMean,
  firstOf,
  invalidOption,
} from "../../errors.js";
import {
  type FieldAttributes,
  type FieldDimension,
  type FieldFile,
  type FieldVariable,
  strideOf,
} from "../file/field-file.js";
import { datesOf, seasonsOf } from "./calendar.js";
import {
  coordinatesOf,
  type FieldPlaces,
  placesOf,
  roleOf,
  shapeText,
  textAttribute,
} from "./dimensions.js";
import { describing } from "./packing.js";

/** An axis of fields. */
export interface FieldAxis {
  /** The name of its dimension. */
  name: string;
  /** Cells along it. */
  size: number;
  /** Its coordinates; null if the file has none. */
  values: number[] | null;
  /** Attributes of its coordinates. */
  attributes: FieldAttributes;
}

/** A variable, which is a channel of fields. */
export interface FieldChannel {
  /** Its name in the file. */
  name: string;
  /** Null: the file does not say. */
  units: string | null;
  /** Attributes that say what it is. */
  attributes: FieldAttributes;
}

/** What fields of a file are: channels on a grid at times. */
export interface FieldGrid {
  /** The chosen variables. */
  channels: FieldChannel[];
  /** The rows. */
  time: FieldAxis;
  /** From north to south, or as in the file. */
  y: FieldAxis;
  /** The last axis. */
  x: FieldAxis;
  /** Whether the file has the y axis the other way around. */
  isFlipped: boolean;
}

/** The place of the values of a channel in a file. */
export interface ChannelSource {
  variable: FieldVariable;
  /** Stored numbers from one cell to the next along y, in the order of the file, and along x. */
  strides: { y: number; x: number };
}

/** Cells of all channels of a field, at most. */
const mostCells = 2 ** 24;
/** Rows of a file, at most. */
const mostRows = 2 ** 28;

const fieldShape =
  "numbers of time × latitude × longitude; choose one level (ncks -d), and put time first (ncpdq -a), which ncecat -u time adds if it is missing";

/**
 * The chosen variables in order.
 * @throws {DatasetError} `InvalidOption` for an unknown one, and `BadTable` for another shape.
 */
function chosenVariables(
  path: string,
  { variables }: FieldFile,
  isField: (variable: FieldVariable) => boolean,
  names: readonly string[] | null,
): FieldVariable[] {
  const fields = variables.filter((variable) => variable.isNumber && isField(variable));
  const known = fields.map(({ name }) => name);
  if (names === null) {
    if (fields.length === 1) return fields;
    if (fields.length > 1)
      throw invalidOption(`${path}: has the variables ${firstOf(known, 12)}`, {
        cures: [
          byOption("data.variables", [known[0]], "for one, or name several: each one is a channel"),
        ],
      });
    const list = variables.filter(({ dimensions }) => dimensions.length > 1);
    const shapes = list.map(({ name, dimensions }) => `${name} (${shapeText(dimensions)})`);
    throw badTable(
      path,
      `has ${list.length === 0 ? "no fields" : firstOf(shapes, 6)}: expected a variable of ${fieldShape}`,
    );
  }
  return names.map((name) => {
    const field = fields.find((one) => one.name === name);
    if (field) return field;
    const other = variables.find((one) => one.name === name);
    if (other)
      throw badTable(
        path,
        `${name} is ${other.isNumber ? shapeText(other.dimensions) || "a number" : "text"}: expected ${fieldShape}`,
      );
    throw invalidOption(
      `${path}: has no variable ${name}${didYouMean(name, known) || `; there are ${firstOf(known, 12) || "none on a grid"}`}`,
    );
  });
}

async function axisOf(
  { name, size }: FieldDimension,
  coordinates: ReadonlyMap<string, FieldVariable>,
): Promise<FieldAxis> {
  const variable = coordinates.get(name);
  if (!variable) return { name, size, values: null, attributes: {} };
  const stored = variable.isNumber ? await variable.read(0, size) : null;
  const values = stored && Array.from(stored, Number);
  const isUsable = values?.length === size && values.every(Number.isFinite);
  return {
    name,
    size,
    values: isUsable ? values : null,
    attributes: describing(variable.attributes),
  };
}

const sizeError = (path: string, problem: string): DatasetError =>
  badTable(path, `${problem}; cut out a region or some years`);

/**
 * The grid of the chosen variables of a file; null chooses the only variable on a grid.
 * @throws {DatasetError} `InvalidOption` for an unknown variable or for several without a choice; `BadTable` for variables
 * that are no fields, that differ in their grids, or that are too large
 */
export async function readGrid(
  path: string,
  file: FieldFile,
  names: readonly string[] | null,
): Promise<{ grid: FieldGrid; sources: ChannelSource[] }> {
  const coordinates = coordinatesOf(file);
  const places = (variable: FieldVariable) => placesOf(variable, coordinates);
  const variables = chosenVariables(path, file, (one) => places(one) !== null, names);
  const [first] = variables;
  const dimensionsOf = (variable: FieldVariable) => {
    const { time, y, x } = places(variable) as FieldPlaces;
    return [time, y, x].map((place) => variable.dimensions[place]);
  };
  const [time, y, x] = dimensionsOf(first);
  for (const other of variables)
    if (shapeText(dimensionsOf(other)) !== shapeText([time, y, x]))
      throw badTable(
        path,
        `${first.name} is ${shapeText(first.dimensions)}, ${other.name} is ${shapeText(other.dimensions)}: expected variables of one grid and of the same times`,
      );
  const cells = variables.length * y.size * x.size;
  if (cells > mostCells)
    throw sizeError(path, `has fields of ${cells} cells, more than ${mostCells}`);
  if (time.size > mostRows) throw sizeError(path, `has ${time.size} times, more than ${mostRows}`);
  const yAxis = await axisOf(y, coordinates);
  const isFlipped = isRising(yAxis.values) && roleOf(y.name, yAxis.attributes) === "y";
  return {
    sources: variables.map((variable) => {
      const { y, x } = places(variable) as FieldPlaces;
      return { variable, strides: { y: strideOf(variable, y), x: strideOf(variable, x) } };
    }),
    grid: {
      channels: variables.map(({ name, attributes }) => ({
        name,
        units: textAttribute(attributes, "units") || null,
        attributes: describing(attributes),
      })),
      time: await axisOf(time, coordinates),
      y: isFlipped ? { ...yAxis, values: yAxis.values?.toReversed() ?? null } : yAxis,
      x: await axisOf(x, coordinates),
      isFlipped,
    },
  };
}

const isRising = (values: readonly number[] | null): boolean =>
  values !== null && values.length > 1 && values[0] < values[values.length - 1];

const sixDigits = (x: number): string => String(Number(x.toPrecision(6)));

/** The first and the last coordinate, "latitude 49.9 to 25.1"; the number of cells without coordinates. */
export function spanText({ name, size, values }: FieldAxis): string {
  if (!values || size === 0) return `${name} ${size}`;
  return `${name} ${sixDigits(values[0])} to ${sixDigits(values[size - 1])}`;
}

const calendarOf = (attributes: FieldAttributes): string =>
  textAttribute(attributes, "calendar") || "standard";

/** The dates of an axis of times, such as "1999-12-31"; null without usable times. */
export function axisDates({ values, attributes }: FieldAxis): string[] | null {
  const dateOf = datesOf(textAttribute(attributes, "units"), calendarOf(attributes));
  return values && dateOf && values.map(dateOf);
}

/** The season of each time of an axis, the passed share of its year; null without usable times. */
export function axisSeasons({ values, attributes }: FieldAxis): number[] | null {
  const seasonOf = seasonsOf(textAttribute(attributes, "units"), calendarOf(attributes));
  return values && seasonOf && values.map(seasonOf);
}

/** Whether the coordinates of axes of one length differ by less than half a cell, longitudes by whole turns; true without coordinates. */
export function isSameAxis(a: FieldAxis, b: FieldAxis): boolean {
  if (!a.values || !b.values || a.values.length < 2) return true;
  const cell = Math.abs(a.values[1] - a.values[0]);
  const others = b.values;
  const turn = textAttribute(a.attributes, "units").startsWith("degree")
    ? 360
    : Number.POSITIVE_INFINITY;
  const distance = (from: number, to: number) => {
    const apart = Math.abs(from - to) % turn;
    return Math.min(apart, turn - apart);
  };
  return a.values.every((value, i) => distance(value, others[i]) <= cell / 2);
}

/** The first and the last time as dates, with the calendar; null without usable times. */
export function timesText(time: FieldAxis): string | null {
  const dates = axisDates(time) ?? [];
  const [first] = dates;
  if (first === undefined) return null;
  return `${first} to ${dates.at(-1)} (${calendarOf(time.attributes)} calendar)`;
}

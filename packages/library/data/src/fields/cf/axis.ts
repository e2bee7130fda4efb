// Axes of fields: coordinates along a dimension, with dates and seasons of times.
import type { FieldAttributes, FieldDimension, FieldVariable } from "../file/field-file.js";
import { datesOf, seasonsOf } from "./calendar.js";
import { textAttribute } from "./dimensions.js";
import { describing, unpacking } from "./packing.js";

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

/** Reads the axis of a dimension. */
export async function axisOf(
  { name, size }: FieldDimension,
  coordinates: ReadonlyMap<string, FieldVariable>,
): Promise<FieldAxis> {
  const variable = coordinates.get(name);
  if (!variable) return { name, size, values: null, attributes: {} };
  const stored = variable.numberType ? await variable.read(0, size) : null;
  const unpack = unpacking(variable);
  const values = stored && Array.from(stored, (value) => unpack(Number(value)));
  const isUsable = values?.length === size && values.every(Number.isFinite);
  return {
    name,
    size,
    values: isUsable ? values : null,
    attributes: describing(variable.attributes),
  };
}

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

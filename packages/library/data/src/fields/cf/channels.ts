// The channels of fields: variables of a file, or levels of variables.
import { badTable, byOption, didYouMean, firstOf, invalidOption } from "../../errors.js";
import {
  type FieldAttributes,
  type FieldFile,
  type FieldVariable,
  strideOf,
  variableAt,
} from "../file/field-file.js";
import { axisOf, type FieldAxis } from "./axis.js";
import {
  coordinatesOf,
  type FieldPlaces,
  placesOf,
  pressureFactor,
  shapeText,
  textAttribute,
} from "./dimensions.js";
import { describing } from "./packing.js";

/** The level of a channel, such as a pressure or a depth. */
export interface FieldLevel {
  /** The variable, which has further levels. */
  variable: string;
  /** The dimension of levels. */
  dimension: string;
  /** The number in the name of the channel, a pressure in hPa. */
  label: string;
  /** The coordinate as in the file; null if the file has none. */
  value: number | null;
  /** Attributes of the coordinates. */
  attributes: FieldAttributes;
}

/** A channel of fields: a variable, or a level of a variable. */
export interface FieldChannel {
  /** The name of the variable, with its level: pr, or ta@850. */
  name: string;
  /** Null: the file does not say. */
  units: string | null;
  /** Attributes that say what the variable is. */
  attributes: FieldAttributes;
  /** Undefined: the variable has no levels. */
  level?: FieldLevel | undefined;
}

/** The place of the values of a channel in a file. */
export interface ChannelSource {
  variable: FieldVariable;
  /** Its first number within a row of the variable. */
  offset: number;
  /** Stored numbers from one cell to the next along y, in the order of the file, and along x. */
  strides: { y: number; x: number };
}

const fieldShape =
  "numbers of time × latitude × longitude, or of time × level × latitude × longitude; put time first (ncpdq -a), which ncecat -u time adds if it is missing, and choose one entry of other dimensions (ncks -d)";

/** A variable, or one of its levels. */
interface ChannelChoice {
  variable: FieldVariable;
  /** Null: all levels. */
  label: string | null;
}

/**
 * The chosen variables in order; null chooses the only one.
 * @throws {DatasetError} `InvalidOption` for an unknown one, and `BadTable` for another shape.
 */
function chosenVariables(
  path: string,
  { variables }: FieldFile,
  fields: readonly FieldVariable[],
  names: readonly string[] | null,
): ChannelChoice[] {
  const known = fields.map(({ name }) => name);
  if (names === null) {
    if (fields.length === 1) return [{ variable: fields[0], label: null }];
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
  return names.map((text) => {
    const [, name, label] = /^(.+)@([^@]*)$/.exec(text) ?? [];
    const whole = fields.find((one) => one.name === text);
    const variable = whole ?? fields.find((one) => one.name === name);
    if (variable) return { variable, label: whole ? null : label };
    const other = variables.find((one) => one.name === text || one.name === name);
    if (other)
      throw badTable(
        path,
        `${other.name} is ${other.numberType ? shapeText(other.dimensions) || "a number" : "text"}: expected ${fieldShape}`,
      );
    throw invalidOption(
      `${path}: has no variable ${text}${didYouMean(text, known) || `; there are ${firstOf(known, 12) || "none on a grid"}`}`,
    );
  });
}

/** Levels as numbers of seven digits, as of float32, pressures in hPa; their places from 1 without coordinates. */
function labelsOf({ size, values, attributes }: FieldAxis): string[] {
  const factor = pressureFactor(textAttribute(attributes, "units")) ?? 1;
  return Array.from({ length: size }, (_, k) =>
    values ? String(Number((values[k] * factor).toPrecision(7))) : `${k + 1}`,
  );
}

/** The level with a label among all of them. */
function levelPlace(
  path: string,
  variable: FieldVariable,
  labels: readonly string[],
  label: string,
): number {
  const isEmpty = label.trim() === "";
  const place = isEmpty ? -1 : labels.findIndex((one) => Number(one) === Number(label));
  if (place >= 0) return place;
  const { name } = variable;
  const names = labels.map((one) => `${name}@${one}`);
  const expected =
    names.length === 0
      ? `${name} alone, since it has no levels`
      : `${name} for all levels, or some of ${firstOf(names, 12)}`;
  throw invalidOption(
    `${path}: ${isEmpty ? `${name}@ names no level` : `${name} has no level ${label}`}: expected ${expected}`,
  );
}

/** A channel and its source. */
interface ReadChannel {
  channel: FieldChannel;
  source: ChannelSource;
  places: FieldPlaces;
  /** The chosen level, from 0; null: all levels are chosen, or there are none. */
  entry: number | null;
}

async function channelsOf(
  path: string,
  { variable, label }: ChannelChoice,
  coordinates: ReadonlyMap<string, FieldVariable>,
): Promise<ReadChannel[]> {
  const places = placesOf(variable, coordinates) as FieldPlaces;
  const { name, attributes, dimensions } = variable;
  const units = textAttribute(attributes, "units") || null;
  const channel = { name, units, attributes: describing(attributes) };
  const dimension = places.level === null ? null : dimensions[places.level];
  const axis = dimension && (await axisOf(dimension, coordinates));
  const labels = axis ? labelsOf(axis) : [];
  const level = label === null ? null : levelPlace(path, variable, labels, label);
  if (!axis || places.level === null)
    return [{ channel, source: sourceOf(variable, places, 0), places, entry: null }];
  const { name: levels, values, attributes: described } = axis;
  const chosen = level === null ? [...labels.keys()] : [level];
  const place = places.level;
  return chosen.map((k) => ({
    channel: {
      ...channel,
      // The only level needs no choice.
      name: level === null && labels.length < 2 ? name : `${name}@${labels[k]}`,
      level: {
        variable: name,
        dimension: levels,
        label: labels[k],
        value: values?.[k] ?? null,
        attributes: described,
      },
    },
    source: sourceOf(variable, places, k * strideOf(variable, place)),
    places,
    entry: level,
  }));
}

const sourceOf = (variable: FieldVariable, { y, x }: FieldPlaces, offset: number) => ({
  variable,
  offset,
  strides: { y: strideOf(variable, y), x: strideOf(variable, x) },
});

/** Channels that read their chosen levels alone, all levels of a variable at once. */
function atLevels(channels: readonly ReadChannel[]): ReadChannel[] {
  const variables = new Map<FieldVariable, FieldVariable>();
  return channels.map((one) => {
    const { source, places, entry } = one;
    const { variable } = source;
    if (entry === null || places.level === null) return one;
    const entries = channels
      .flatMap((other) => (other.source.variable === variable ? (other.entry ?? []) : []))
      .sort((a, b) => a - b);
    const chosen = variables.get(variable) ?? variableAt(variable, places.level, entries);
    variables.set(variable, chosen);
    const offset = entries.indexOf(entry) * strideOf(chosen, places.level);
    return { ...one, source: sourceOf(chosen, places, offset) };
  });
}

/**
 * The channels of the chosen variables of a file; null chooses the only variable on a grid. A variable has a channel for each
 * level; `ta@850` chooses one level.
 * @throws {DatasetError} `InvalidOption` for an unknown variable or level, for one named twice, and for several variables
 * without a choice; `BadTable` for variables that are no fields
 */
export async function readChannels(
  path: string,
  file: FieldFile,
  names: readonly string[] | null,
): Promise<ReadChannel[]> {
  const coordinates = coordinatesOf(file);
  const fields = file.variables.filter(
    (variable) => variable.numberType && placesOf(variable, coordinates) !== null,
  );
  const choices = chosenVariables(path, file, fields, names);
  const channels: ReadChannel[] = [];
  for (const choice of choices) channels.push(...(await channelsOf(path, choice, coordinates)));
  const list = channels.map(({ channel }) => channel.name);
  const twice = list.find((name, k) => list.indexOf(name) < k);
  if (twice === undefined) return atLevels(channels);
  throw invalidOption(`${path}: ${twice} is chosen twice: expected each variable and level once`);
}

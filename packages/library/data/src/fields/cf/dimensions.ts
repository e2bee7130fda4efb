// What the dimensions of a variable are: time, level, latitude and longitude.
// The convention: https://cfconventions.org/cf-conventions/cf-conventions.html#coordinate-types
import type {
  FieldAttributes,
  FieldDimension,
  FieldFile,
  FieldVariable,
} from "../file/field-file.js";
import { unitConversion } from "./unit.js";

/** What a dimension is. */
type Role = "time" | "level" | "y" | "x";

const roleNames: Readonly<Record<Role, RegExp>> = {
  time: /^(time|t|date|times|valid_time)$/i,
  level:
    /^(z|p?levs?|levels?|(pressure|model)_levels?|isobaric\w*|(air_)?pressure|height|altitude|depth|bottom_top|model_level_number|(atmosphere|ocean)_\w+_coordinate)$/i,
  y: /^(lat|latitude|y|rlat|nlat|ny|south_north|projection_y_coordinate|grid_latitude)$/i,
  x: /^(lon|longitude|x|rlon|nlon|nx|west_east|projection_x_coordinate|grid_longitude)$/i,
};

const axisLetters: Readonly<Record<string, Role>> = { T: "time", Z: "level", Y: "y", X: "x" };

/** An attribute that is a text, "" for others. */
export const textAttribute = (attributes: FieldAttributes, name: string): string =>
  typeof attributes[name] === "string" ? (attributes[name] as string) : "";

/** Returns the factor from units of pressure, which only levels have, to hPa, and null for other units. */
export const pressureFactor = (units: string): number | null =>
  unitConversion(units, "hPa")?.scale ?? null;

/** What a dimension is, by the attributes of its coordinates, then by its name. */
export function roleOf(name: string, attributes: FieldAttributes): Role | null {
  const letter = axisLetters[textAttribute(attributes, "axis").toUpperCase()];
  if (letter) return letter;
  const units = textAttribute(attributes, "units");
  if (/\bsince\b/.test(units)) return "time";
  if (/^degrees?_?(north|N)$/.test(units)) return "y";
  if (/^degrees?_?(east|E)$/.test(units)) return "x";
  const isVertical = /^(up|down)$/i.test(textAttribute(attributes, "positive"));
  if (isVertical || pressureFactor(units) !== null) return "level";
  const standard = textAttribute(attributes, "standard_name");
  const roles = Object.entries(roleNames) as [Role, RegExp][];
  return roles.find(([, names]) => names.test(standard) || names.test(name))?.[0] ?? null;
}

/** The places of time, level, y and x among the dimensions of a field; null: no levels. */
export interface FieldPlaces extends Record<Exclude<Role, "level">, number> {
  level: number | null;
}

/** The places of the dimensions of a variable; null if it is no field. */
export function placesOf(
  { dimensions, name }: FieldVariable,
  coordinates: ReadonlyMap<string, FieldVariable>,
): FieldPlaces | null {
  const wide = dimensions.flatMap((dimension, place) => (dimension.size === 1 ? [] : [place]));
  if (dimensions.length < 3 || coordinates.has(name)) return null;
  const rank = dimensions.length;
  const roles = dimensions.map((dimension) =>
    roleOf(dimension.name, coordinates.get(dimension.name)?.attributes ?? {}),
  );
  const place = (role: Role, usual: number) => {
    const known = roles.indexOf(role);
    return known >= 0 ? known : roles[usual] === null ? usual : -1;
  };
  const level = roles.includes("level") ? roles.indexOf("level") : null;
  const places = {
    time: place("time", 0),
    level,
    y: place("y", rank - 2),
    x: place("x", rank - 1),
  };
  const used: (number | null)[] = Object.values(places);
  const isField = places.time === 0 && places.y > 0 && places.x > 0 && places.x !== places.y;
  return isField && wide.every((one) => used.includes(one)) ? places : null;
}

/** "time 20 × lat 4 × lon 5" */
export const shapeText = (dimensions: readonly FieldDimension[]): string =>
  dimensions.map(({ name, size }) => `${name} ${size}`).join(" × ");

/** Variables whose name is their only dimension. */
export const coordinatesOf = ({ variables }: FieldFile): Map<string, FieldVariable> =>
  new Map(
    variables
      .filter(({ name, dimensions }) => dimensions.length === 1 && dimensions[0].name === name)
      .map((variable) => [variable.name, variable]),
  );

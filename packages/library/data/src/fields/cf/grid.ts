// The channels, the times and the grid of a file of fields.
import { badTable, type DatasetError } from "../../errors.js";
import type { FieldFile } from "../file/field-file.js";
import { axisOf, type FieldAxis } from "./axis.js";
import { type ChannelSource, type FieldChannel, readChannels } from "./channels.js";
import { coordinatesOf, roleOf, shapeText } from "./dimensions.js";

/** What fields of a file are: channels on a grid at times. */
export interface FieldGrid {
  /** The chosen variables and levels. */
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

/** Cells of all channels of a field, at most. */
const mostCells = 2 ** 24;
/** Rows of a file, at most. */
const mostRows = 2 ** 28;

const sizeError = (path: string, problem: string): DatasetError =>
  badTable(path, `${problem}; cut out a region or some years`);

/**
 * The grid of the chosen variables of a file; null chooses the only variable on a grid.
 * @throws {DatasetError} as `readChannels`; `BadTable` for variables that differ in their grids, or that are too large
 */
export async function readGrid(
  path: string,
  file: FieldFile,
  names: readonly string[] | null,
): Promise<{ grid: FieldGrid; sources: ChannelSource[] }> {
  const coordinates = coordinatesOf(file);
  const channels = await readChannels(path, file, names);
  const [first] = channels;
  const dimensionsOf = ({ source: { variable }, places }: typeof first) =>
    [places.time, places.y, places.x].map((place) => variable.dimensions[place]);
  const [time, y, x] = dimensionsOf(first);
  for (const other of channels)
    if (shapeText(dimensionsOf(other)) !== shapeText([time, y, x])) {
      const [a, b] = [first, other].map(({ source }) => source.variable);
      throw badTable(
        path,
        `${a.name} is ${shapeText(a.dimensions)}, ${b.name} is ${shapeText(b.dimensions)}: expected variables of one grid and of the same times`,
      );
    }
  const cells = channels.length * y.size * x.size;
  if (cells > mostCells)
    throw sizeError(path, `has fields of ${cells} cells, more than ${mostCells}`);
  if (time.size > mostRows) throw sizeError(path, `has ${time.size} times, more than ${mostRows}`);
  const yAxis = await axisOf(y, coordinates);
  const isFlipped = isRising(yAxis.values) && roleOf(y.name, yAxis.attributes) === "y";
  return {
    sources: channels.map(({ source }) => source),
    grid: {
      channels: channels.map(({ channel }) => channel),
      time: await axisOf(time, coordinates),
      y: isFlipped ? { ...yAxis, values: yAxis.values?.toReversed() ?? null } : yAxis,
      x: await axisOf(x, coordinates),
      isFlipped,
    },
  };
}

const isRising = (values: readonly number[] | null): boolean =>
  values !== null && values.length > 1 && values[0] < values[values.length - 1];

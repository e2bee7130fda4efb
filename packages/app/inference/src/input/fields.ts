// A NetCDF file or a Zarr folder as an input.
import { ConfigError } from "@dsbm/config";
import { firstOf, missingMarks, openFields, seasonRows } from "@dsbm/data";
import { FieldEncoder } from "../field-encoder.js";
import type { Trained } from "../trained.js";
import type { Input, InputOptions } from "./input.js";
import { inParts } from "./parts.js";

/**
 * Opens the fields of a file on the grid of the run, in network units.
 * @throws {ConfigError} for a run of other samples, other sizes or units, and values that the transform cannot take.
 */
export async function fieldInput(path: string, options: InputOptions): Promise<Input> {
  const { trained, direction, batchRows, keys, variables } = options;
  const channels = channelsOf(trained, path);
  const names = channels[direction === "f" ? "source" : "target"].map(({ name }) => name);
  const file = await openFields(path, {
    variables: variables ?? names,
    marks: missingMarks(keys.na ?? trained.config.data.na),
  });
  const { grid } = file;
  const what = `NEW ${path}`;
  let encoder: FieldEncoder;
  try {
    encoder = new FieldEncoder(trained, { what, channels: grid.channels, axes: grid });
  } catch (error) {
    file.close();
    throw error;
  }
  const seasons = seasonRows(grid.time, [...Array(grid.time.size).keys()])?.keep();
  const list = grid.channels.map(({ name }) => name);
  return {
    n: grid.time.size,
    about: `${path}, ${grid.time.size} fields of ${firstOf(list, 6)}`,
    fields: file,
    ...(seasons && { conditions: { cond: seasons } }),
    notes() {
      const difference = encoder.axesDifference();
      const warning = `warning: ${difference}: cells are taken in their order; bring both to one grid first (cdo remapcon, or cdo sellonlatbox for longitudes from 0 and from -180)`;
      return [...(difference === null ? [] : [warning]), ...encoder.notes()];
    },
    batches: inParts(grid.time.size, batchRows, async (first, count) =>
      encoder.encode(await file.read(first, count), count),
    ),
    [Symbol.dispose]() {
      seasons?.dispose();
      file.close();
      encoder[Symbol.dispose]();
    },
  };
}

function channelsOf({ channels, folder, shape }: Trained, path: string) {
  if (channels) return channels;
  throw new ConfigError(
    `NEW ${path} holds fields with units, ${folder} bridges ${shape.length === 1 ? "rows of tables" : "images or arrays"}: give such data, or train on NetCDF files`,
  );
}

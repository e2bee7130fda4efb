// A NetCDF file or a Zarr folder as an input.
import { ConfigError } from "@dsbm/config";
import { FieldUnits, firstOf, inSize, missingMarks, openFields, transformField } from "@dsbm/data";
import { tensor, tidy } from "@dsbm/torch";
import type { Trained } from "../trained.js";
import type { Input, InputOptions } from "./input.js";
import { inParts } from "./parts.js";

/**
 * Opens the fields of a file on the grid of the run, in network units.
 * @throws ConfigError for a run of other samples, another grid, and values that the transform cannot take.
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
  const [height, width] = channels.grid;
  if (grid.y.size !== height || grid.x.size !== width || grid.channels.length !== names.length) {
    file.close();
    throw new ConfigError(
      `NEW ${path} has ${grid.channels.length} variables on ${grid.y.size}×${grid.x.size} cells, ${trained.folder} has ${names.length} on ${height}×${width}: interpolate them to its grid, and name as many by variables=`,
    );
  }
  const units = new FieldUnits(channels);
  const { transform, size } = channels;
  const valueTransform = transform.log1p ? "log1p" : transform.sqrt ? "sqrt" : null;
  const cells = names.length * height * width;
  const gaps = new GapCount(channels);
  return {
    n: grid.time.size,
    about: `${path}, ${grid.time.size} fields of ${firstOf(
      grid.channels.map(({ name }) => name),
      6,
    )}`,
    fields: file,
    notes: () => gaps.lines(path),
    batches: inParts(grid.time.size, batchRows, async (first, count) => {
      const values = await file.read(first, count);
      const sample = names.length * size[0] * size[1];
      const rows = new Float32Array(count * sample);
      for (let i = 0; i < count; i++) {
        const field = values.subarray(i * cells, (i + 1) * cells);
        if (valueTransform && field.some((value) => value < 0))
          throw new ConfigError(
            `NEW ${path} has values below 0 in field ${first + i + 1}, which data.transform=${valueTransform} of ${trained.folder} cannot take: repair them`,
          );
        rows.set(inSize(transformField(field, valueTransform), grid, size, Number.NaN), i * sample);
      }
      gaps.add(rows);
      return tidy(() =>
        units.apply(tensor(rows, { shape: [count, names.length, ...size] })).keep(),
      );
    }),
    [Symbol.dispose]() {
      file.close();
      units.dispose();
    },
  };
}

function channelsOf({ channels, folder, shape }: Trained, path: string) {
  if (channels) return channels;
  throw new ConfigError(
    `NEW ${path} holds fields with units, ${folder} bridges ${shape.length === 1 ? "rows of tables" : "images or arrays"}: give such data, or train on NetCDF files`,
  );
}

/** Counts missing values in cells that have values in training. */
class GapCount {
  #count = 0;

  constructor(readonly channels: { missing: Uint8Array }) {}

  add(rows: Float32Array): void {
    const { missing } = this.channels;
    for (let i = 0; i < rows.length; i++)
      if (Number.isNaN(rows[i]) && missing[i % missing.length] === 0) this.#count += 1;
  }

  lines(path: string): string[] {
    if (this.#count === 0) return [];
    return [
      `warning: ${path} lacks ${this.#count} values that the training data have: the mean of their variable stands for each`,
    ];
  }
}

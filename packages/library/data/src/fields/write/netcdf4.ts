// Writes NetCDF 4: HDF5 with dimension scales and the attributes of CF.
// The format: https://docs.unidata.ucar.edu/netcdf-c/current/interoperability_hdf5.html
import { DatasetError, reason } from "../../errors.js";
import { flushFile, type H5Dataset, type H5File, openH5 } from "../../files/hdf5.js";
import type { FieldAxis } from "../cf/axis.js";
import type { FieldAttributes } from "../file/field-file.js";

/** What missing values are in written files, as in CMIP. */
export const writtenFill = 1e20;

/** The content of a NetCDF file. */
export interface NetcdfPlan {
  /** Variables of float32 over their axes, of which some are shared. */
  variables: readonly { name: string; attributes: FieldAttributes; axes: readonly FieldAxis[] }[];
  /** Attributes of the file. */
  attributes: FieldAttributes;
}

/** The axes of a file. */
export const planAxes = ({ variables }: NetcdfPlan): FieldAxis[] => [
  ...new Set(variables.flatMap(({ axes }) => axes)),
];

/** Writes the variables of a NetCDF file by parts. */
export interface NetcdfWriter {
  /** Writes values of a variable within `ranges` [first, end) of each dimension, in C order; NaN is a missing value. */
  put(variable: string, ranges: readonly [number, number][], values: Float32Array): void;
  /** Flushes onto the disk. */
  close(): void;
  /** Does nothing after `close`. */
  abandon(): void;
}

type Annotated = Pick<H5Dataset, "create_attribute">;

/** Text of fixed length, which NetCDF reads as characters. */
function addText(entity: Annotated, name: string, text: string): void {
  const length = Math.max(1, Buffer.byteLength(text));
  entity.create_attribute(name, text === "" ? " " : text, null, `S${length}`);
}

function addAttributes(entity: Annotated, attributes: FieldAttributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "string") addText(entity, name, value);
    else {
      const numbers = Float64Array.from(typeof value === "number" ? [value] : value);
      if (numbers.length > 0) entity.create_attribute(name, numbers, [numbers.length], "<d");
    }
  }
}

/** The name of a dimension without coordinates, as the library writes it. */
const nameOfPlainDimension = (size: number): string =>
  `This is a netCDF dimension but not a netCDF variable: ${String(size).padStart(9)}`;

function addAxis(file: H5File, { name, size, values, attributes }: FieldAxis): void {
  const data = values ? Float64Array.from(values) : new Float32Array(size);
  const dtype = values ? "<d" : "<f";
  const scale = file.create_dataset({ name, data, shape: [size], dtype, track_order: true });
  scale.make_scale(values ? name : nameOfPlainDimension(size));
  if (values) addAttributes(scale, attributes);
}

/** A variable whose chunks are fields. */
function addVariable(
  file: H5File,
  { name, attributes, axes }: NetcdfPlan["variables"][number],
): H5Dataset {
  const shape = axes.map(({ size }) => size);
  const chunks = shape.map((size, k) => (k < shape.length - 2 ? 1 : size));
  const data = new Float32Array(chunks.reduce((a, b) => a * b)).fill(writtenFill);
  const dataset = file.create_dataset({
    name,
    data,
    shape: chunks,
    maxshape: shape,
    chunks,
    dtype: "<f",
    track_order: true,
  });
  dataset.resize(shape);
  dataset.create_attribute("_FillValue", Float32Array.of(writtenFill), [1], "<f");
  addAttributes(dataset, attributes);
  for (const [k, axis] of axes.entries()) dataset.attach_scale(k, `/${axis.name}`);
  return dataset;
}

/**
 * Creates a NetCDF 4 file at `path`, a temporary name.
 * @throws {DatasetError} `Unreadable` if HDF5 cannot write it
 */
export async function openNetcdfWriter(path: string, plan: NetcdfPlan): Promise<NetcdfWriter> {
  const attempt = <T>(operation: () => T): T => {
    try {
      return operation();
    } catch (error) {
      const [, problem] = /\(\): (.+)/.exec(reason(error)) ?? [];
      throw new DatasetError(
        "Unreadable",
        `${path}: cannot be written as NetCDF (${problem ?? reason(error)})`,
      );
    }
  };
  const { file } = await openH5(path, "w");
  let isOpen = true;
  const abandon = () => {
    if (isOpen) file.close();
    isOpen = false;
  };
  try {
    const variables = attempt(() => {
      addAttributes(file, plan.attributes);
      for (const axis of planAxes(plan)) addAxis(file, axis);
      return new Map(plan.variables.map((one) => [one.name, addVariable(file, one)] as const));
    });
    return {
      put: (name, ranges, values) =>
        attempt(() => {
          const filled = values.map((value) => (Number.isNaN(value) ? writtenFill : value));
          variables.get(name)?.write_slice([...ranges], filled);
        }),
      close() {
        attempt(abandon);
        flushFile(path);
      },
      abandon,
    };
  } catch (error) {
    abandon();
    throw error;
  }
}

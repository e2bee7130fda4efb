// NetCDF 4, which is HDF5 with dimension scales, by rows.
import { child, type H5, type H5Dataset, type H5File, openH5 } from "../../files/hdf5.js";
import { defaultFill } from "../cf/packing.js";
import {
  type FieldAttribute,
  type FieldAttributes,
  type FieldFile,
  type FieldVariable,
  mostVariables,
  type NumberType,
} from "../file/field-file.js";

/** Attributes of HDF5's dimension scales and of the library, not of the user. */
const internalAttributes =
  /^(CLASS|NAME|REFERENCE_LIST|DIMENSION_LIST|_Netcdf4.*|_nc3_strict|_NCProperties)$/;

/** HDF5's classes of numbers. */
const numberClasses: Readonly<Record<number, "int" | "float">> = { 0: "int", 1: "float" };

function numberTypeOf({ type, signed, size }: H5Dataset["metadata"]): NumberType | null {
  const name = numberClasses[type];
  if (!name) return null;
  return `${name === "int" && !signed ? "u" : ""}${name}${8 * size}` as NumberType;
}

function attributesOf({ attrs }: H5Dataset): FieldAttributes {
  const entries = Object.keys(attrs).flatMap((name): [string, FieldAttribute][] => {
    if (internalAttributes.test(name)) return [];
    const value = attributeValue(attrs[name]?.value);
    return value === null ? [] : [[name, value]];
  });
  return Object.fromEntries(entries);
}

/** Null for values that are neither text nor numbers. */
function attributeValue(value: unknown): FieldAttribute | null {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint") return Number(value);
  const isArray = Array.isArray(value) || ArrayBuffer.isView(value);
  const list = isArray ? Array.from(value as ArrayLike<unknown>) : [];
  if (list.length === 0) return null;
  if (list.every((one) => typeof one === "string")) return list.join(" ");
  const numbers = list.map(Number);
  if (list.some((one) => typeof one !== "number" && typeof one !== "bigint")) return null;
  return numbers.length === 1 ? numbers[0] : numbers;
}

/**
 * Opens the variables of the root group of a NetCDF 4 file.
 * @throws {Error} with HDF5's text for damage, and for links and views that lead outside the file
 */
export async function openNetcdf4(path: string): Promise<FieldFile> {
  const { h5, file } = await openH5(path, "r");
  try {
    return { format: "NetCDF 4", variables: variablesOf(h5, file), close: () => void file.close() };
  } catch (error) {
    file.close();
    throw error;
  }
}

function variablesOf(h5: H5, file: H5File): FieldVariable[] {
  const names = file.keys();
  if (names.length > mostVariables) throw new Error(`it has ${names.length} variables`);
  return names.flatMap((name) => {
    const entity = child(file, name);
    return entity instanceof h5.Dataset ? (variableOf(name, entity) ?? []) : [];
  });
}

/** Null for a dimension without coordinates. */
function variableOf(name: string, dataset: H5Dataset): FieldVariable | null {
  const { shape } = dataset.metadata;
  const numberType = numberTypeOf(dataset.metadata);
  const scale = dataset.get_scale_name();
  if (scale?.startsWith("This is a netCDF dimension but not a netCDF variable")) return null;
  const isCoordinate = scale !== null && shape?.length === 1;
  const dimensions = (shape ?? []).map((size, k) => ({
    name: isCoordinate ? name : (dimensionName(dataset, k) ?? `${name}_${k}`),
    size,
  }));
  const rest = dimensions.slice(1).map((): [] | [number, number] => []);
  return {
    name,
    dimensions,
    numberType,
    attributes: { ...defaultFill(numberType), ...attributesOf(dataset) },
    chunks: dataset.metadata.chunks,
    async read(first, count, only) {
      if (dimensions.length === 0) return [dataset.value as number];
      const ranges = rest.map((all, k) =>
        k + 1 === only?.place ? [only.begin, only.end] : all,
      ) as typeof rest;
      return dataset.slice([[first, first + count], ...ranges]) as ArrayLike<number | bigint>;
    },
  };
}

function dimensionName(dataset: H5Dataset, k: number): string | undefined {
  const [path] = dataset.get_attached_scales(k);
  return path?.replace(/^.*\//, "");
}

// Zarr 2 and 3 folders, by rows.
import { closeSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import type { AbsolutePath, DataType, RangeQuery, Array as ZarrArray } from "zarrita";
import { isFile, isFolder, statOrUndefined } from "../../files/read.js";
import {
  type FieldAttribute,
  type FieldAttributes,
  type FieldFile,
  type FieldVariable,
  mostVariables,
  type NumberType,
} from "../file/field-file.js";

/** A file of a folder of more bytes is no chunk. */
const mostFileBytes = 2 ** 31 - 1;
/** Numbers of a chunk, which is decoded as a whole. */
const mostChunkNumbers = 2 ** 28;

/** The files of a folder. Pipes and devices, which never end, are refused. */
class FolderStore {
  constructor(readonly folder: string) {}

  #sizeOf(path: string): number | null {
    const stats = statOrUndefined(path);
    if (!stats) return null;
    if (stats.isFile() && stats.size <= mostFileBytes) return stats.size;
    throw new Error(`${path} is no file of less than 2 GiB`);
  }

  async get(key: AbsolutePath): Promise<Uint8Array | undefined> {
    const path = join(this.folder, key);
    return this.#sizeOf(path) === null ? undefined : new Uint8Array(readFileSync(path));
  }

  async getRange(key: AbsolutePath, range: RangeQuery): Promise<Uint8Array | undefined> {
    const path = join(this.folder, key);
    const size = this.#sizeOf(path);
    if (size === null) return undefined;
    const [offset, length] =
      "suffixLength" in range
        ? [size - range.suffixLength, range.suffixLength]
        : [range.offset, range.length];
    if (!(offset >= 0 && length >= 0 && offset + length <= size))
      throw new Error(`${path} ends after ${size} bytes`);
    const bytes = new Uint8Array(length);
    const handle = openSync(path, "r");
    try {
      readSync(handle, bytes, 0, length, offset);
    } finally {
      closeSync(handle);
    }
    return bytes;
  }
}

/** The names of the arrays of a folder. */
function arrayNames(folder: string, version: 2 | 3): string[] {
  const names = readdirSync(folder).filter((name) => isFolder(join(folder, name)));
  if (names.length > mostVariables) throw new Error(`it has ${names.length} folders`);
  return names.filter((name) =>
    isFile(join(folder, name, version === 2 ? ".zarray" : "zarr.json")),
  );
}

const numberTypes = /^(u?int(8|16|32|64)|float(16|32|64))$/;

const numberTypeOf = (dtype: string): NumberType | null =>
  numberTypes.test(dtype) ? (dtype as NumberType) : null;

/** Whether a folder holds a Zarr group, and its version. */
export function zarrVersion(folder: string): 2 | 3 | null {
  if (isFile(join(folder, "zarr.json"))) return 3;
  return [".zgroup", ".zmetadata", ".zattrs"].some((name) => isFile(join(folder, name))) ? 2 : null;
}

/**
 * Opens the arrays of a Zarr group.
 * @throws {Error} for damaged metadata and for chunks that are too large
 */
export async function openZarr(folder: string): Promise<FieldFile> {
  const zarr = await import("zarrita");
  const version = zarrVersion(folder) ?? 3;
  const open = version === 2 ? zarr.open.v2 : zarr.open.v3;
  const group = zarr.root(new FolderStore(folder));
  const variables = [];
  for (const name of arrayNames(folder, version)) {
    // Names are no addresses: % and # would be read as such.
    const location = group.resolve(encodeURIComponent(name));
    if (version === 3 && isGroup(join(folder, name))) continue;
    const array = await open(location, { kind: "array" });
    variables.push(variableOf(name, { zarr, array, version }));
  }
  return { format: version === 2 ? "Zarr 2" : "Zarr 3", variables, close() {} };
}

const isGroup = (folder: string): boolean =>
  (JSON.parse(readFileSync(join(folder, "zarr.json"), "utf8")) as { node_type?: unknown })
    .node_type === "group";

interface OpenArray {
  zarr: typeof import("zarrita");
  array: ZarrArray<DataType, FolderStore>;
  version: 2 | 3;
}

function variableOf(name: string, { zarr, array, version }: OpenArray): FieldVariable {
  const { shape, chunks, dtype, attrs, dimensionNames } = array;
  const sizes = [...shape, ...chunks];
  if (sizes.some((size) => !Number.isSafeInteger(size) || size < 0) || shape.length > 32)
    throw new Error(`${name} has the shape [${shape}] in chunks of [${chunks}]`);
  const numbers = chunks.reduce((product, size) => product * size, 1);
  if (numbers > mostChunkNumbers)
    throw new Error(`${name} has chunks of ${numbers} numbers, more than ${mostChunkNumbers}`);
  // xarray names dimensions by an attribute in version 2.
  const listed = attrs._ARRAY_DIMENSIONS ?? dimensionNames;
  const names = Array.isArray(listed) ? listed.map(String) : [];
  const numberType = numberTypeOf(dtype);
  return {
    name,
    dimensions: shape.map((size, k) => ({ name: names[k] ?? `${name}_${k}`, size })),
    numberType,
    attributes: {
      ...attributesOf(attrs, dtype),
      ...(version === 2 && numberType && fillValue(array.fillValue, attrs)),
    },
    chunks,
    async read(first, count, only) {
      const rows = shape.length === 0 ? [] : [zarr.slice(first, first + count)];
      const { data } = (await zarr.get(array, [
        ...rows,
        ...shape
          .slice(1)
          .map((_, k) => (k + 1 === only?.place ? zarr.slice(only.begin, only.end) : null)),
      ])) as {
        data: ArrayLike<number | bigint>;
      };
      return data;
    },
  };
}

/** In version 2 the value of absent chunks is the missing value. Zero is a value, such as no rain. */
function fillValue(value: unknown, attrs: Readonly<Record<string, unknown>>): FieldAttributes {
  const isNumber = typeof value === "number" || typeof value === "bigint";
  if (!isNumber || Number(value) === 0 || "_FillValue" in attrs) return {};
  return { _FillValue: Number(value) };
}

function attributesOf(attrs: Readonly<Record<string, unknown>>, dtype: string): FieldAttributes {
  const entries = Object.entries(attrs).flatMap(([name, value]): [string, FieldAttribute][] => {
    if (name === "_ARRAY_DIMENSIONS") return [];
    if (name === "_FillValue" && typeof value === "string")
      return [[name, decodeNumber(value, dtype)]];
    const isList = Array.isArray(value) && value.every((one) => typeof one === "number");
    if (isList) return [[name, value as number[]]];
    return typeof value === "number" || typeof value === "string" ? [[name, value]] : [];
  });
  return Object.fromEntries(entries);
}

/** A number in xarray's notation of version 3: "NaN", or its bytes in base64. */
function decodeNumber(text: string, dtype: string): number {
  const number = Number(text);
  if (text === "NaN" || !Number.isNaN(number)) return number;
  const bytes = new Uint8Array(16);
  bytes.set(Buffer.from(text, "base64").subarray(0, 16));
  const view = new DataView(bytes.buffer);
  if (dtype === "float32") return view.getFloat32(0, true);
  // xarray stores other floats in eight bytes.
  return view.getFloat64(0, true);
}

// Small files of fields in every format, written here: NetCDF 3 and Zarr byte by byte, NetCDF 4 by HDF5.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

/** Types of numbers that all formats have. */
const types = {
  int8: { code: 1, zarr: "|i1", h5: "<b", array: Int8Array },
  int16: { code: 3, zarr: "<i2", h5: "<h", array: Int16Array },
  int32: { code: 4, zarr: "<i4", h5: "<i", array: Int32Array },
  float32: { code: 5, zarr: "<f4", h5: "<f", array: Float32Array },
  float64: { code: 6, zarr: "<f8", h5: "<d", array: Float64Array },
} as const;

type Attributes = Readonly<Record<string, string | number | readonly number[]>>;

/** A variable of a test file. */
export interface TestVariable {
  name: string;
  dimensions: readonly string[];
  type: keyof typeof types;
  values: readonly number[];
  attributes?: Attributes;
}

/** The content of a test file; `record` is a dimension without limit in NetCDF 3. */
export interface TestFile {
  dimensions: Readonly<Record<string, number>>;
  variables: readonly TestVariable[];
  record?: string;
}

const shapeOf = ({ dimensions }: TestFile, variable: TestVariable): number[] =>
  variable.dimensions.map((name) => dimensions[name]);

const arrayOf = ({ type, values }: TestVariable) => new types[type].array(values);

/** Big-endian bytes of numbers. */
function bigEndian({ type, values }: Pick<TestVariable, "type" | "values">): Buffer {
  const array = new types[type].array(values);
  const bytes = Buffer.from(array.buffer.slice(0));
  const size = array.BYTES_PER_ELEMENT;
  if (size === 2) bytes.swap16();
  if (size === 4) bytes.swap32();
  if (size === 8) bytes.swap64();
  return bytes;
}

const inFours = (bytes: Buffer): Buffer =>
  Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);

type Version = 1 | 2 | 5;

const int32 = (n: number): Buffer => bigEndian({ type: "int32", values: [n] });

function int64(n: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(n));
  return bytes;
}

/** Parts of the header of a NetCDF classic file. */
function headerParts(version: Version) {
  const count = version === 5 ? int64 : int32;
  const name = (text: string) => Buffer.concat([count(text.length), inFours(Buffer.from(text))]);
  return {
    count,
    name,
    offset: version === 1 ? int32 : int64,
    list: (tag: number, items: Buffer[]) =>
      Buffer.concat([int32(items.length === 0 ? 0 : tag), count(items.length), ...items]),
    attribute([key, value]: [string, Attributes[string]]) {
      if (typeof value === "string") {
        const text = [count(value.length), inFours(Buffer.from(value))];
        return Buffer.concat([name(key), int32(2), ...text]);
      }
      const values = typeof value === "number" ? [value] : value;
      const numbers = [count(values.length), bigEndian({ type: "float64", values })];
      return Buffer.concat([name(key), int32(types.float64.code), ...numbers]);
    },
  };
}

const isRecord = ({ record }: TestFile, { dimensions: [first] }: TestVariable): boolean =>
  first === record;

function classicHeader(file: TestFile, version: Version, begins: readonly number[]): Buffer {
  const { count, name, offset, list, attribute } = headerParts(version);
  const names = Object.keys(file.dimensions);
  const dimensions = names.map((key) =>
    Buffer.concat([name(key), count(key === file.record ? 0 : file.dimensions[key])]),
  );
  const variables = file.variables.map((variable, k) =>
    Buffer.concat([
      name(variable.name),
      count(variable.dimensions.length),
      ...variable.dimensions.map((key) => count(names.indexOf(key))),
      list(12, Object.entries(variable.attributes ?? {}).map(attribute)),
      int32(types[variable.type].code),
      count(inFours(bigEndian(variable)).length),
      offset(begins[k]),
    ]),
  );
  const rows = file.record === undefined ? 0 : file.dimensions[file.record];
  const beginning = Buffer.concat([Buffer.from("CDF"), Buffer.from([version]), count(rows)]);
  return Buffer.concat([beginning, list(10, dimensions), list(12, []), list(11, variables)]);
}

/** A NetCDF classic file: version 1, 2 (64-bit offsets) or 5 (64-bit data). */
export function classicFile(file: TestFile, version: Version): Buffer {
  const rows = file.record === undefined ? 0 : file.dimensions[file.record];
  const records = file.variables.filter((variable) => isRecord(file, variable));
  const fixed = file.variables.filter((variable) => !isRecord(file, variable));
  const rowOf = (variable: TestVariable, row: number) => {
    const size = variable.values.length / rows;
    const values = variable.values.slice(row * size, (row + 1) * size);
    const bytes = bigEndian({ ...variable, values });
    return records.length === 1 ? bytes : inFours(bytes);
  };
  const parts = fixed.map((variable) => ({ variable, bytes: inFours(bigEndian(variable)) }));
  for (let row = 0; row < rows; row++)
    for (const variable of records) parts.push({ variable, bytes: rowOf(variable, row) });
  const zeros = file.variables.map(() => 0);
  let at = classicHeader(file, version, zeros).length;
  const begins = new Map<TestVariable, number>();
  for (const { variable, bytes } of parts) {
    if (!begins.has(variable)) begins.set(variable, at);
    at += bytes.length;
  }
  const header = classicHeader(
    file,
    version,
    file.variables.map((variable) => begins.get(variable) ?? 0),
  );
  return Buffer.concat([header, ...parts.map(({ bytes }) => bytes)]);
}

/** Writes a NetCDF 4 file, compressed. */
async function writeNetcdf4(path: string, file: TestFile): Promise<void> {
  const h5 = await import("h5wasm/node");
  await h5.ready;
  const out = new h5.File(path, "w");
  const isCoordinate = ({ name, dimensions }: TestVariable) =>
    dimensions.length === 1 && dimensions[0] === name;
  const coordinates = file.variables.filter(isCoordinate);
  for (const variable of [...coordinates, ...file.variables.filter((one) => !isCoordinate(one))]) {
    const { name, dimensions, type, attributes = {} } = variable;
    const shape = shapeOf(file, variable);
    const dataset = out.create_dataset({
      name,
      data: arrayOf(variable),
      shape,
      dtype: types[type].h5,
      ...(shape.length > 1 && { chunks: shape, compression: 4 }),
    });
    for (const [key, value] of Object.entries(attributes))
      if (typeof value === "string")
        dataset.create_attribute(key, value, null, `S${Buffer.byteLength(value)}`);
      else {
        const numbers = Float64Array.from(typeof value === "number" ? [value] : value);
        dataset.create_attribute(key, numbers, [numbers.length], "<d");
      }
    if (isCoordinate(variable)) dataset.make_scale(name);
    else
      for (const [k, dimension] of dimensions.entries())
        if (coordinates.some((one) => one.name === dimension))
          dataset.attach_scale(k, `/${dimension}`);
  }
  out.close();
}

/** Writes a Zarr folder: version 2 in one gzipped chunk, version 3 in chunks of one row. */
function writeZarr(folder: string, file: TestFile, version: 2 | 3): void {
  const json = (path: string, value: object) =>
    writeFileSync(join(folder, path), JSON.stringify(value));
  mkdirSync(folder, { recursive: true });
  if (version === 2) json(".zgroup", { zarr_format: 2 });
  else json("zarr.json", { zarr_format: 3, node_type: "group", attributes: {} });
  for (const variable of file.variables) {
    const { name, dimensions, type, attributes = {} } = variable;
    const shape = shapeOf(file, variable);
    const bytes = Buffer.from(arrayOf(variable).buffer);
    mkdirSync(join(folder, name));
    if (version === 2) {
      json(join(name, ".zattrs"), { ...attributes, _ARRAY_DIMENSIONS: dimensions });
      json(join(name, ".zarray"), {
        zarr_format: 2,
        shape,
        chunks: shape,
        dtype: types[type].zarr,
        compressor: { id: "gzip", level: 1 },
        fill_value: null,
        order: "C",
        filters: null,
      });
      writeFileSync(join(folder, name, shape.map(() => 0).join(".")), gzipSync(bytes));
      continue;
    }
    const [rows, ...rest] = shape;
    json(join(name, "zarr.json"), {
      zarr_format: 3,
      node_type: "array",
      shape,
      data_type: type,
      dimension_names: dimensions,
      attributes,
      chunk_grid: { name: "regular", configuration: { chunk_shape: [1, ...rest] } },
      chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
      codecs: [{ name: "bytes", configuration: { endian: "little" } }],
      fill_value: 0,
    });
    const size = bytes.length / rows;
    for (let row = 0; row < rows; row++) {
      const path = join(folder, name, "c", [row, ...rest.map(() => 0)].join("/"));
      mkdirSync(join(path, ".."), { recursive: true });
      writeFileSync(path, bytes.subarray(row * size, (row + 1) * size));
    }
  }
}

/** All formats: each writes a file into a folder and returns its path. */
export const fieldFormats: readonly [
  format: string,
  write: (folder: string, file: TestFile, name?: string) => Promise<string>,
][] = [
  ...([1, 2, 5] as const).map((version): (typeof fieldFormats)[number] => [
    `NetCDF 3 (CDF-${version})`,
    async (folder, file, name = "a") => {
      const path = join(folder, `${name}.nc`);
      writeFileSync(path, classicFile(file, version));
      return path;
    },
  ]),
  [
    "NetCDF 4",
    async (folder, file, name = "a") => {
      const path = join(folder, `${name}.nc`);
      await writeNetcdf4(path, file);
      return path;
    },
  ],
  ...([2, 3] as const).map((version): (typeof fieldFormats)[number] => [
    `Zarr ${version}`,
    async (folder, file, name = "a") => {
      const path = join(folder, `${name}.zarr`);
      writeZarr(path, file, version);
      return path;
    },
  ]),
];

const steps = (count: number) => Array.from({ length: count }, (_, i) => i);

/** Two variables on a grid of 2 × 3 cells from south to north, at `n` days of 1999 on. */
export function smallFields(n: number, variables: readonly Partial<TestVariable>[]): TestFile {
  return {
    dimensions: { time: n, lat: 2, lon: 3 },
    record: "time",
    variables: [
      {
        name: "time",
        dimensions: ["time"],
        type: "float64",
        values: steps(n),
        attributes: { units: "days since 1999-12-31", calendar: "noleap" },
      },
      {
        name: "lat",
        dimensions: ["lat"],
        type: "float32",
        values: [10, 20],
        attributes: { units: "degrees_north" },
      },
      {
        name: "lon",
        dimensions: ["lon"],
        type: "float32",
        values: [0, 10, 20],
        attributes: { units: "degrees_east" },
      },
      ...variables.map(
        (variable): TestVariable => ({
          name: "pr",
          dimensions: ["time", "lat", "lon"],
          type: "float32",
          values: steps(6 * n),
          ...variable,
        }),
      ),
    ],
  };
}

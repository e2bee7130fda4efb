// NetCDF classic, 64-bit offset and 64-bit data (CDF-1, CDF-2, CDF-5), by rows.
// The format: https://docs.unidata.ucar.edu/nug/current/file_format_specifications.html
import { closeSync, openSync, readSync } from "node:fs";
import { badTable, type DatasetError } from "../../errors.js";
import { defaultFill } from "../cf/packing.js";
import type {
  EntryRange,
  FieldAttribute,
  FieldDimension,
  FieldFile,
  FieldVariable,
} from "../file/field-file.js";
import { mostVariables, type NumberType } from "../file/field-file.js";

/** A header of more bytes is damage. */
const mostHeaderBytes = 2 ** 26;

type NumberArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

interface StoredType {
  name: NumberType;
  size: number;
  array: new (bytes: ArrayBuffer) => NumberArray;
}

const textType = 2;

const numberTypes: Readonly<Record<number, StoredType>> = {
  1: { name: "int8", size: 1, array: Int8Array },
  2: { name: "uint8", size: 1, array: Uint8Array },
  3: { name: "int16", size: 2, array: Int16Array },
  4: { name: "int32", size: 4, array: Int32Array },
  5: { name: "float32", size: 4, array: Float32Array },
  6: { name: "float64", size: 8, array: Float64Array },
  7: { name: "uint8", size: 1, array: Uint8Array },
  8: { name: "uint16", size: 2, array: Uint16Array },
  9: { name: "uint32", size: 4, array: Uint32Array },
  10: { name: "int64", size: 8, array: BigInt64Array },
  11: { name: "uint64", size: 8, array: BigUint64Array },
};

/** The numbers of big-endian bytes, which are swapped in place. */
function numbersOf(bytes: ArrayBuffer, { size, array }: StoredType): NumberArray {
  const view = Buffer.from(bytes);
  if (size === 2) view.swap16();
  if (size === 4) view.swap32();
  if (size === 8) view.swap64();
  return new array(bytes);
}

const damageError = (path: string, problem: string): DatasetError =>
  badTable(path, `cannot be read as NetCDF 3 (${problem}): copy or download it again`);

function readAt(handle: number, path: string, at: number, length: number): DataView<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const count = readSync(handle, bytes, done, length - done, at + done);
    if (count === 0) throw damageError(path, `it ends after ${at + done} bytes`);
    done += count;
  }
  return new DataView(bytes.buffer);
}

const tags = { dimensions: 10, variables: 11, attributes: 12 };

/** The header, of which each part is checked against the size of the file before it is read. */
class ClassicHeader {
  #at = 4;

  constructor(
    readonly handle: number,
    readonly path: string,
    readonly size: number,
    readonly version: number,
  ) {}

  #take(length: number): DataView<ArrayBuffer> {
    if (length > Math.min(this.size, mostHeaderBytes) - this.#at)
      throw damageError(this.path, "its header is longer than the file");
    const bytes = readAt(this.handle, this.path, this.#at, length);
    this.#at += length;
    return bytes;
  }

  int(): number {
    return this.#take(4).getUint32(0);
  }

  #long(): number {
    const value = Number(this.#take(8).getBigUint64(0));
    if (value <= Number.MAX_SAFE_INTEGER) return value;
    throw damageError(this.path, `its header has the size ${value}`);
  }

  /** A length or a count. */
  count(): number {
    return this.version === 5 ? this.#long() : this.int();
  }

  offset(): number {
    return this.version === 1 ? this.int() : this.#long();
  }

  /** The number of records; null if only the size of the file tells. */
  records(): number | null {
    const bytes = this.#take(this.version === 5 ? 8 : 4);
    const isStreaming = new Uint8Array(bytes.buffer).every((byte) => byte === 0xff);
    if (isStreaming) return null;
    return this.version === 5 ? Number(bytes.getBigUint64(0)) : bytes.getUint32(0);
  }

  name(): string {
    const length = this.count();
    const bytes = this.#take(length + padding(length));
    return new TextDecoder().decode(new Uint8Array(bytes.buffer, 0, length));
  }

  type(): number {
    const type = this.int();
    if (type in numberTypes) return type;
    throw damageError(this.path, `its header has the type ${type}`);
  }

  /** A list of the header. */
  list<T>(tag: number, item: () => T): T[] {
    const found = this.int();
    const count = this.count();
    if (found !== tag && (found !== 0 || count !== 0))
      throw damageError(this.path, `its header has the tag ${found} instead of ${tag}`);
    if (count > mostVariables)
      throw damageError(this.path, `its header has a list of ${count} parts`);
    return Array.from({ length: count }, item);
  }

  attribute(): [string, FieldAttribute] {
    const name = this.name();
    const type = this.type();
    const count = this.count();
    const length = count * numberTypes[type].size;
    const bytes = this.#take(length + padding(length));
    if (type === textType) {
      const text = new TextDecoder().decode(new Uint8Array(bytes.buffer, 0, length));
      return [name, text.replace(/\0+$/, "")];
    }
    const values = Array.from(numbersOf(bytes.buffer.slice(0, length), numberTypes[type]), Number);
    return [name, values.length === 1 ? values[0] : values];
  }
}

const padding = (length: number): number => (4 - (length % 4)) % 4;

interface StoredVariable {
  name: string;
  ids: number[];
  attributes: Record<string, FieldAttribute>;
  type: number;
  begin: number;
}

function readVariable(header: ClassicHeader): StoredVariable {
  const name = header.name();
  const rank = header.count();
  if (rank > 1024) throw damageError(header.path, `${name} has ${rank} dimensions`);
  const ids = Array.from({ length: rank }, () => header.count());
  const attributes = Object.fromEntries(
    header.list(tags.attributes, () => header.attribute()),
  ) as Record<string, FieldAttribute>;
  const type = header.type();
  header.count();
  return { name, ids, attributes, type, begin: header.offset() };
}

/**
 * Opens a classic NetCDF file of `size` bytes. Only its header is read.
 * @throws {DatasetError} `BadTable` for damage, and for data beyond the end of the file
 */
export function openNetcdf3(path: string, size: number): FieldFile {
  const handle = openSync(path, "r");
  try {
    const version = readAt(handle, path, 3, 1).getUint8(0);
    if (version !== 1 && version !== 2 && version !== 5)
      throw damageError(path, `its version is ${version}`);
    const variables = readVariables(new ClassicHeader(handle, path, size, version));
    return { format: "NetCDF 3", variables, close: () => closeSync(handle) };
  } catch (error) {
    closeSync(handle);
    throw error;
  }
}

function readVariables(header: ClassicHeader): FieldVariable[] {
  const { handle, path, size: fileSize } = header;
  const known = header.records();
  const dimensions = header.list(
    tags.dimensions,
    (): FieldDimension => ({ name: header.name(), size: header.count() }),
  );
  header.list(tags.attributes, () => header.attribute());
  const stored = header.list(tags.variables, () => readVariable(header));
  const unknown = stored.find(({ ids }) => ids.some((id) => id >= dimensions.length));
  if (unknown) throw damageError(path, `${unknown.name} has an unknown dimension`);
  const isRecord = ({ ids }: StoredVariable) => dimensions[ids[0]]?.size === 0;
  const recordBytes = (variable: StoredVariable) =>
    variable.ids
      .slice(isRecord(variable) ? 1 : 0)
      .reduce((product, id) => product * dimensions[id].size, numberTypes[variable.type].size);
  const records = stored.filter(isRecord);
  // A single variable of records has no padding.
  const step =
    records.length === 1
      ? recordBytes(records[0])
      : records.reduce((sum, one) => sum + recordBytes(one) + padding(recordBytes(one)), 0);
  const first = Math.min(...records.map(({ begin }) => begin));
  const count = known ?? (step > 0 ? Math.floor((fileSize - first) / step) : 0);
  return stored.map((variable) => {
    const { name, ids, attributes, type, begin } = variable;
    const ofRecords = isRecord(variable);
    const sizes = ids.map((id, i) => (i === 0 && ofRecords ? count : dimensions[id].size));
    const length = recordBytes(variable);
    const rowBytes = ofRecords ? length : length / (sizes[0] || 1);
    const stride = ofRecords ? step : rowBytes;
    const rows = ids.length === 0 ? 1 : sizes[0];
    const end = rows === 0 || length === 0 ? 0 : begin + (rows - 1) * stride + rowBytes;
    if (!(end <= fileSize))
      throw damageError(path, `${name} ends at byte ${end}, the file has ${fileSize}`);
    const numberType = type === textType ? null : numberTypes[type].name;
    return {
      name,
      dimensions: ids.map((id, i) => ({ name: dimensions[id].name, size: sizes[i] })),
      numberType,
      attributes: { ...defaultFill(numberType), ...attributes },
      chunks: null,
      read: async (row: number, many: number, only?: EntryRange) => {
        const place = { handle, path, begin: begin + row * stride, stride, rowBytes, type };
        return readEntries(place, many, { sizes, only });
      },
    };
  });
}

interface RowPlace {
  handle: number;
  path: string;
  begin: number;
  /** Bytes from one row to the next. */
  stride: number;
  rowBytes: number;
  type: number;
}

/** The stored numbers of rows, or of some entries of a dimension in them: each of its runs of bytes is read. */
function readEntries(
  rows: RowPlace,
  count: number,
  { sizes, only }: { sizes: readonly number[]; only: EntryRange | undefined },
): ArrayLike<number | bigint> {
  if (!only) return readRows(rows, count);
  const { handle, path, begin, stride, type } = rows;
  const { size } = numberTypes[type];
  const product = (list: readonly number[]) => list.reduce((a, b) => a * b, 1);
  const step = size * product(sizes.slice(only.place + 1));
  const run = (only.end - only.begin) * step;
  const outer = product(sizes.slice(1, only.place));
  const bytes = new Uint8Array(count * outer * run);
  for (let k = 0; k < count * outer; k++) {
    const block = (k % outer) * sizes[only.place] + only.begin;
    const from = begin + Math.floor(k / outer) * stride + block * step;
    bytes.set(new Uint8Array(readAt(handle, path, from, run).buffer), k * run);
  }
  return numbersOf(bytes.buffer, numberTypes[type]);
}

/** The stored numbers of rows, without scale and offset. */
function readRows(
  { handle, path, begin, stride, rowBytes, type }: RowPlace,
  count: number,
): ArrayLike<number | bigint> {
  if (stride === rowBytes)
    return numbersOf(readAt(handle, path, begin, count * rowBytes).buffer, numberTypes[type]);
  const bytes = new Uint8Array(count * rowBytes);
  for (let row = 0; row < count; row++)
    bytes.set(
      new Uint8Array(readAt(handle, path, begin + row * stride, rowBytes).buffer),
      row * rowBytes,
    );
  return numbersOf(bytes.buffer, numberTypes[type]);
}

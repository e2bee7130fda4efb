// Safetensors files; the header is checked against the format's specification.
import { type FormatCode, formatError, type TorchError } from "../binding/errors.js";
import { checkLength } from "./file.js";
import { checkRaw, type DType, elementCount, itemSize, plainBytes, type RawArray } from "./raw.js";

/** The content of a safetensors file. */
export interface Safetensors {
  /** Arrays by name, in the order of the file. */
  tensors: Map<string, RawArray>;
  /** Texts by name. */
  metadata: Record<string, string>;
}

/** Named arrays to write. A `Map` keeps any order; an object moves names like "0" to the front. */
export type NamedArrays = Readonly<Record<string, RawArray>> | ReadonlyMap<string, RawArray>;

const encoder = new TextEncoder();

/**
 * Writes named arrays as the bytes of a safetensors file, in the given order.
 * @throws {TorchError}
 */
export function encode(
  arrays: NamedArrays,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const entries: [string, RawArray][] =
    arrays instanceof Map ? [...arrays] : Object.entries(arrays as Record<string, RawArray>);
  const parts: string[] = [];
  const texts = Object.entries(metadata);
  for (const text of texts.flat()) checkText(text);
  if (texts.length > 0) parts.push(`"__metadata__":${JSON.stringify(metadata)}`);
  let end = 0;
  for (const [name, array] of entries) {
    checkText(name);
    if (name === "__metadata__") throw refuse("InvalidHeader", "a tensor cannot bear this name");
    checkRaw(array, `safetensors "${name}"`);
    const info = {
      dtype: dtypeNames[array.dtype],
      shape: array.shape,
      data_offsets: [end, end + array.data.byteLength],
    };
    parts.push(`${JSON.stringify(name)}:${JSON.stringify(info)}`);
    end += array.data.byteLength;
  }
  const header = encoder.encode(`{${parts.join(",")}}`);
  const padded = Math.ceil(header.length / 8) * 8;
  if (padded > headerLimit) {
    throw refuse("HeaderTooLarge", `header of ${padded} bytes: expected at most ${headerLimit}`);
  }
  const bytes = new Uint8Array(8 + padded + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.fill(0x20, 8, 8 + padded);
  bytes.set(header, 8);
  let position = 8 + padded;
  for (const [, array] of entries) {
    bytes.set(array.data, position);
    position += array.data.byteLength;
  }
  return bytes;
}

/**
 * Reads the bytes of a safetensors file; arrays are views of them. `source` names the bytes in errors.
 * @throws {TorchError}
 */
export function decode(file: Uint8Array, source = "safetensors"): Safetensors {
  const bytes = plainBytes(file);
  const length = headerLength(bytes.subarray(0, 8), bytes.length, source);
  const header = parseHeader(bytes.subarray(8, 8 + length), source);
  checkLength(8 + length + header.end, bytes.length, source);
  const tensors = new Map<string, RawArray>();
  for (const [name, { dtype, shape, begin, end }] of header.entries) {
    const array = { dtype, shape, data: bytes.subarray(8 + length + begin, 8 + length + end) };
    checkRaw(array, `${source} "${name}"`);
    tensors.set(name, array);
  }
  return { tensors, metadata: header.metadata };
}

function headerLength(prefix: Uint8Array, size: number, source: string): number {
  if (prefix.length < 8) {
    throw formatError(
      "HeaderTooShort",
      source,
      `${size} bytes: expected at least 8, the header's length`,
    );
  }
  const view = new DataView(prefix.buffer, prefix.byteOffset, 8);
  const length = view.getBigUint64(0, true);
  if (length > BigInt(headerLimit)) {
    throw formatError(
      "HeaderTooLarge",
      source,
      `header of ${length} bytes: expected at most ${headerLimit}; is this a safetensors file?`,
    );
  }
  if (8 + Number(length) > size) {
    throw formatError(
      "IncompleteFile",
      source,
      `${size} bytes: expected a header of ${length} after the first 8; copy or write it again`,
    );
  }
  return Number(length);
}

function checkText(text: unknown): void {
  if (typeof text === "string" && !/\p{Surrogate}/u.test(text)) return;
  throw refuse("InvalidHeader", `${JSON.stringify(text)}: expected a well-formed string`);
}

function refuse(code: FormatCode, problem: string): TorchError {
  return formatError(code, "safetensors", problem);
}

const headerLimit = 100_000_000;

interface TensorEntry {
  dtype: DType;
  shape: number[];
  begin: number;
  end: number;
}

/** A checked header: the tensors in the order of their bytes, and where the last one ends. */
interface Header {
  entries: Map<string, TensorEntry>;
  metadata: Record<string, string>;
  end: number;
}

const dtypeNames: Readonly<Record<DType, string>> = {
  float32: "F32",
  float64: "F64",
  float16: "F16",
  bfloat16: "BF16",
  int64: "I64",
  int32: "I32",
  int16: "I16",
  int8: "I8",
  uint8: "U8",
  bool: "BOOL",
};

const dtypes = new Map(Object.entries(dtypeNames).map(([dtype, name]) => [name, dtype as DType]));

/**
 * Parses and checks a header.
 * @throws {TorchError}
 */
function parseHeader(bytes: Uint8Array, source: string): Header {
  if (bytes[0] !== 0x7b) {
    throw formatError(
      "InvalidHeader",
      source,
      `header begins with the byte ${bytes[0] ?? "(none)"}: expected "{"; is this a safetensors file?`,
    );
  }
  const json = parseJson(bytes, source);
  const entries: [string, TensorEntry][] = [];
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(json)) {
    if (name === "__metadata__") metadata = readMetadata(value, source);
    else entries.push([name, readEntry(value, `${source} "${name}"`)]);
  }
  entries.sort(([, p], [, q]) => p.begin - q.begin || p.end - q.end);
  let end = 0;
  for (const [name, entry] of entries) {
    if (entry.begin !== end) {
      throw formatError(
        "InvalidOffset",
        `${source} "${name}"`,
        `data begins at ${entry.begin}: expected ${end}, where the tensor before it ends`,
      );
    }
    end = entry.end;
  }
  return { entries: new Map(entries), metadata, end };
}

function parseJson(bytes: Uint8Array, source: string): object {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return JSON.parse(text) as object;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw formatError("InvalidHeader", source, `header is no JSON in UTF-8: ${reason}`);
  }
}

function readMetadata(value: unknown, source: string): Record<string, string> {
  if (isObject(value)) {
    const wrong = Object.entries(value).find(([, text]) => typeof text !== "string");
    if (wrong === undefined) return value as Record<string, string>;
  }
  throw formatError(
    "InvalidHeader",
    source,
    "__metadata__: expected an object that maps names to strings",
  );
}

function readEntry(value: unknown, source: string): TensorEntry {
  const { dtype: name, shape, data_offsets: offsets } = isObject(value) ? value : {};
  if (typeof name !== "string" || !isNumbers(shape) || !isNumbers(offsets)) {
    throw formatError(
      "InvalidHeader",
      source,
      'expected { "dtype": string, "shape": [numbers], "data_offsets": [begin, end] }',
    );
  }
  const dtype = dtypes.get(name);
  if (dtype === undefined) {
    throw formatError(
      "UnknownDtype",
      source,
      `dtype ${JSON.stringify(name).slice(0, 100)}: expected one of ${[...dtypes.keys()].join(", ")}`,
    );
  }
  const [begin, end] = offsets;
  const ordered = begin !== undefined && end !== undefined && begin <= end;
  if (offsets.length !== 2 || !ordered || !Number.isSafeInteger(end)) {
    throw formatError(
      "InvalidOffset",
      source,
      `data_offsets [${String(offsets)}]: expected [begin, end] with begin ≤ end < 2^53`,
    );
  }
  const expected = elementCount(shape, source) * itemSize[dtype];
  if (end - begin !== expected) {
    throw formatError(
      "SizeMismatch",
      source,
      `${end - begin} bytes in the file: expected ${expected} for ${name} [${shape}]`,
    );
  }
  return { dtype, shape, begin, end };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => typeof item === "number");
}

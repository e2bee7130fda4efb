import { type FormatCode, formatError, type TorchError } from "../binding/errors.js";
import { checkLength } from "./file.js";
import { checkRaw, plainBytes, type RawArray } from "./raw.js";
import { dtypeNames, headerLimit, parseHeader } from "./safetensors-header.js";

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

/** Writes named arrays as the bytes of a safetensors file, in the given order. Throws a TorchError. */
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
 * Reads the bytes of a safetensors file; arrays are views of them. `source` names the bytes in errors. Throws a
 * TorchError.
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

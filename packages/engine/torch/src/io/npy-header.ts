// The header of a .npy file is a Python dictionary of literals: nothing is evaluated.
import { formatError } from "../binding/errors.js";
import { type DType, elementCount } from "./raw.js";

/** The header of a .npy file. */
export interface NpyHeader {
  /** Type of the elements. */
  dtype: DType;
  /** [] for a single number. */
  shape: number[];
  /** Whether bytes are swapped when read. */
  bigEndian: boolean;
  /** Whether columns come first. */
  fortran: boolean;
  /** Where the elements begin, in bytes from the start of the file. */
  start: number;
}

/** Bytes of a file that are enough to learn the length of its header. */
export const prefixLength = 12;
const headerLimit = 2 ** 20;
const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

const descrs: Readonly<Record<string, DType>> = {
  f2: "float16",
  f4: "float32",
  f8: "float64",
  i1: "int8",
  i2: "int16",
  i4: "int32",
  i8: "int64",
  u1: "uint8",
  b1: "bool",
};

/**
 * Finds the text of the header in a file's first 12 bytes.
 * @throws {TorchError}
 */
export function npyHeaderSpan(
  prefix: Uint8Array,
  source: string,
): { begin: number; end: number; utf8: boolean } {
  if (magic.some((byte, k) => prefix[k] !== byte)) {
    throw formatError(
      prefix.length < magic.length ? "HeaderTooShort" : "NotThisFormat",
      source,
      `begins with the bytes [${prefix.slice(0, 6)}]: expected [${magic}], a .npy file`,
    );
  }
  const major = prefix[6];
  const minor = prefix[7];
  const wide = major !== 1;
  if (prefix.length < (wide ? 12 : 10)) {
    throw formatError(
      "HeaderTooShort",
      source,
      `${prefix.length} bytes: expected at least 12, magic, version and header length`,
    );
  }
  if (minor !== 0 || major === undefined || major < 1 || major > 3) {
    throw formatError(
      "InvalidHeader",
      source,
      `.npy version ${major}.${minor}: expected 1.0, 2.0 or 3.0`,
    );
  }
  const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength);
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  if (length > headerLimit) {
    throw formatError(
      "HeaderTooLarge",
      source,
      `header of ${length} bytes: expected at most ${headerLimit}`,
    );
  }
  const begin = wide ? 12 : 10;
  return { begin, end: begin + length, utf8: major === 3 };
}

/**
 * Reads the dictionary of a header; elements begin at `start`.
 * @throws {TorchError}
 */
export function parseNpyHeader(
  text: Uint8Array,
  utf8: boolean,
  start: number,
  source: string,
): NpyHeader {
  const literal = new TextDecoder(utf8 ? "utf-8" : "latin1").decode(text);
  const fields = parseLiteral(literal);
  const expected = ["descr", "fortran_order", "shape"];
  if (`${Object.keys(fields).toSorted()}` !== `${expected}`) {
    throw formatError(
      "InvalidHeader",
      source,
      `header ${literal.slice(0, 120)}: expected a dictionary of ${expected.join(", ")}`,
    );
  }
  const { descr, fortran_order: fortran, shape } = fields;
  if (typeof fortran !== "boolean" || !Array.isArray(shape)) {
    throw formatError(
      "InvalidHeader",
      source,
      "expected fortran_order True or False and a shape in brackets",
    );
  }
  elementCount(shape as number[], source);
  const sizes = shape as number[];
  const match = typeof descr === "string" ? /^([<>|=]?)([a-z]\d)$/.exec(descr) : null;
  const dtype = match === null ? undefined : descrs[match[2]];
  if (match === null || dtype === undefined) {
    throw formatError(
      "UnknownDtype",
      source,
      `element type ${typeof descr === "string" ? descr : "with fields"}: expected one of ${Object.keys(descrs).join(", ")}; save it again with .astype(…)`,
    );
  }
  return {
    dtype,
    shape: sizes,
    bigEndian: match[1] === ">",
    fortran: fortran && sizes.filter((size) => size !== 1).length > 1,
    start,
  };
}

/** A Python dictionary of literals as JSON has it; {} for other texts. */
function parseLiteral(text: string): Record<string, unknown> {
  const json = text
    .replaceAll("'", '"')
    .replaceAll("(", "[")
    .replaceAll(")", "]")
    .replace(/\b(?:True|False)\b/g, (word) => word.toLowerCase())
    .replace(/\b(\d+)L\b/g, "$1")
    .replace(/,\s*(?=[\]}])/g, "");
  try {
    return Object(JSON.parse(json)) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/**
 * A version 1.0 header, a multiple of 64 bytes and at least `room` long, so that a longer one can replace it.
 * @throws {TorchError} `UnknownDtype` for a dtype without .npy element type
 */
export function npyHeader(dtype: DType, shape: readonly number[], room = 0): Uint8Array {
  const kind = Object.entries(descrs).find(([, name]) => name === dtype)?.[0];
  if (kind === undefined) {
    throw formatError(
      "UnknownDtype",
      "npy",
      `${dtype} has no .npy element type: convert it to float32 first`,
    );
  }
  const descr = kind.endsWith("1") ? `|${kind}` : `<${kind}`;
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const length = Math.ceil(Math.max(10 + text.length + 1, room) / 64) * 64;
  if (length - 10 > 0xffff) {
    throw formatError("HeaderTooLarge", "npy", `${shape.length} dimensions: expected fewer`);
  }
  const bytes = new Uint8Array(length).fill(0x20);
  bytes.set([...magic, 1, 0]);
  new DataView(bytes.buffer).setUint16(8, length - 10, true);
  bytes.set(new TextEncoder().encode(text), 10);
  bytes[length - 1] = 0x0a;
  return bytes;
}

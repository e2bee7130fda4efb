// An array as the file formats describe it, so that formats are tested without the engine.
import { arrayOf, type DType } from "../binding/dtype.js";
import { formatError } from "../binding/errors.js";

/** Bytes of an element, by dtype. */
export const itemSize = Object.fromEntries(
  Object.entries(arrayOf).map(([dtype, { BYTES_PER_ELEMENT }]) => [dtype, BYTES_PER_ELEMENT]),
) as Readonly<Record<DType, number>>;

export type { DType };

/** An array in C order with little-endian bytes. */
export interface RawArray {
  /** Type of the elements. */
  dtype: DType;
  /** [] for a single number. */
  shape: number[];
  /** Its length is elements times `itemSize`. */
  data: Uint8Array;
}

export type Typed = Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array;

/** A plain array: the slice() of a Node Buffer is no copy. */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The number of elements of a shape. Throws `InvalidShape`. */
export function elementCount(shape: readonly number[], source = "array"): number {
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw formatError(
        "InvalidShape",
        source,
        `shape [${shape}] holds ${size}: expected whole numbers, 0 or more`,
      );
    }
    count *= size;
  }
  // The sizes other than zero may still be too large for any array that has this shape.
  const bound = shape.reduce((product, size) => product * Math.max(size, 1), 1);
  if (bound > Number.MAX_SAFE_INTEGER / 8) {
    throw formatError("InvalidShape", source, `shape [${shape}] is too large to address`);
  }
  return count;
}

/** Throws if bytes do not fit dtype and shape, or a bool is neither 0 nor 1. */
export function checkRaw(array: RawArray, source = "array"): void {
  if (!Object.hasOwn(itemSize, array.dtype)) {
    throw formatError(
      "UnknownDtype",
      source,
      `dtype ${array.dtype}: expected one of ${Object.keys(itemSize).join(", ")}`,
    );
  }
  const expected = elementCount(array.shape, source) * itemSize[array.dtype];
  if (array.data.byteLength !== expected) {
    throw formatError(
      "SizeMismatch",
      source,
      `${array.data.byteLength} bytes: expected ${expected} for ${array.dtype} [${array.shape}]`,
    );
  }
  if (array.dtype !== "bool") return;
  const wrong = array.data.findIndex((byte) => byte > 1);
  if (wrong >= 0) {
    throw formatError(
      "InvalidValue",
      source,
      `bool element ${wrong} is the byte ${array.data[wrong]}: expected 0 or 1`,
    );
  }
}

/** Wraps a typed array without a copy. Throws `SizeMismatch`. */
export function fromTyped(values: Typed, shape: readonly number[] = [values.length]): RawArray {
  const array: RawArray = {
    dtype: dtypeOf(values),
    shape: [...shape],
    data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  };
  checkRaw(array);
  return array;
}

function dtypeOf(values: Typed): DType {
  const dtypes = ["float32", "float64", "int64", "int32", "uint8"] as const;
  const dtypeOfValues = dtypes.find((dtype) => values instanceof arrayOf[dtype]);
  if (dtypeOfValues) return dtypeOfValues;
  throw formatError(
    "UnknownDtype",
    "array",
    "values of this type have no dtype: expected Float32Array, Float64Array, BigInt64Array, Int32Array or Uint8Array",
  );
}

/** A copy of the elements as float32. */
export function toFloat32(array: RawArray): Float32Array {
  return convert(array, (length) => new Float32Array(length));
}

/** A copy of the elements as float64. */
export function toFloat64(array: RawArray): Float64Array {
  return convert(array, (length) => new Float64Array(length));
}

function convert<T extends Float32Array | Float64Array>(
  array: RawArray,
  make: (length: number) => T,
): T {
  checkRaw(array);
  // In a buffer of their own, which starts at an address that suits every element.
  const bytes = Uint8Array.from(array.data).buffer;
  const elements =
    array.dtype === "bfloat16"
      ? bfloat16ToFloat32(new Uint16Array(bytes))
      : new arrayOf[array.dtype](bytes);
  const out = make(elements.length);
  if (elements instanceof BigInt64Array) {
    for (let i = 0; i < elements.length; i++) out[i] = Number(elements[i]);
  } else if (array.dtype === "float16") {
    for (let i = 0; i < elements.length; i++) out[i] = halfToNumber(elements[i]!);
  } else {
    out.set(elements);
  }
  return out;
}

function bfloat16ToFloat32(bits: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(bits, (b) => b << 16).buffer);
}

/** IEEE 754 binary16: 1 sign bit, 5 exponent bits, 10 fraction bits. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

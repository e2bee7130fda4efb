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

/** Typed arrays whose elements are those of a dtype without conversion. */
export type Typed = Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array;

/** A plain array: the slice() of a Node Buffer is no copy. */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A view of the same bytes by numbers of any size. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * The number of elements of a shape.
 * @throws {TorchError} `InvalidShape`.
 */
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

/** @throws if bytes do not fit dtype and shape, or a bool is neither 0 nor 1. */
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

/**
 * Wraps a typed array without a copy.
 * @throws {TorchError} `SizeMismatch`.
 */
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

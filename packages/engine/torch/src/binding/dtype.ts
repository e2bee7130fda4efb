/** A place for tensors: the processor, a GPU, or nowhere (`meta`: shapes without data). */
export type Device = "cpu" | "cuda" | `cuda:${number}` | "meta";

/** A memory layout of images: `contiguous` is [N,C,H,W] row-major, `channelsLast` is [N,H,W,C]. */
export type MemoryFormat = "contiguous" | "channelsLast" | "preserve";

/** A number as PyTorch's Scalar: whole numbers count as int64, others as double. */
export type Scalar = number | bigint | boolean;

/** Typed arrays that tensors copy from and to. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint8Array
  | Uint16Array;

/** Which typed array carries which dtype (half types travel as their 16 bits). */
export const arrayOf = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

/** Names of dtypes. */
export type DType = keyof typeof arrayOf;

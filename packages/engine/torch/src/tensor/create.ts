import { invoke, Op } from "../binding/dispatch.js";
import {
  arrayOf,
  type Device,
  type DType,
  type Scalar,
  type TypedArray,
} from "../binding/dtype.js";
import { invalidValue, misfit } from "../binding/errors.js";
import { native, withTorchErrors } from "../binding/native.js";
import { Tensor } from "./tensor.js";

/** A number, or nested arrays of numbers. */
export type Nested = number | bigint | boolean | readonly Nested[];

/** Dtype (default float32) and device (default cpu) of a new tensor. */
export interface TensorOptions {
  /** Default float32. */
  dtype?: DType;
  /** Default cpu. */
  device?: Device;
}

/** More numbers than these would fill the heap of JavaScript, which ends the process. */
const mostNested = 2 ** 26;

function flatten(
  data: Nested,
  shape: number[],
  out: (number | bigint | boolean)[],
  depth: number,
): void {
  if (!Array.isArray(data)) {
    if (depth !== shape.length)
      throw misfit("tensor: the nested arrays are ragged (rows of different depth)");
    if (typeof data !== "number" && typeof data !== "bigint" && typeof data !== "boolean")
      throw invalidValue(
        `tensor: expected numbers in nested arrays, got ${data === null ? "null" : typeof data}`,
      );
    if (out.length >= mostNested)
      throw invalidValue(
        `tensor: nested arrays of more than ${mostNested} numbers: pass a typed array with its shape`,
      );
    out.push(data);
    return;
  }
  if (depth >= 64) throw invalidValue("tensor: arrays nested more than 64 deep (a cycle?)");
  if (data.length !== shape[depth])
    throw misfit(
      `tensor: the nested arrays are ragged (${shape[depth]} and ${data.length} elements at depth ${depth})`,
    );
  for (const item of data) flatten(item, shape, out, depth + 1);
}

function shapeOf(data: Nested): number[] {
  const shape: number[] = [];
  let level: Nested | undefined = data;
  while (Array.isArray(level)) {
    if (shape.length >= 64)
      throw invalidValue("tensor: arrays nested more than 64 deep (a cycle?)");
    shape.push(level.length);
    level = level[0];
  }
  return shape;
}

function dtypeOfArray(data: TypedArray): DType {
  for (const [dtype, Kind] of Object.entries(arrayOf))
    if (data instanceof Kind && dtype !== "float16") return dtype as DType;
  throw invalidValue("tensor: this kind of typed array is not supported");
}

function fromBytes(data: TypedArray, shape: readonly number[], dtype: DType): Tensor {
  if (Array.isArray(shape) && shape.length > 64)
    throw misfit(`tensor: a shape of ${shape.length} dimensions; expected at most 64`);
  if (Array.isArray(shape) && shape.reduce((n, d) => n * Math.abs(Number(d)), 1) > 2 ** 53)
    throw misfit("tensor: the shape is too large");
  return new Tensor(withTorchErrors(() => native.fromBytes(data, shape, dtype), "tensor"));
}

/**
 * A tensor with a copy of a number, nested arrays (float32 unless all are bigints or booleans), or a typed array with
 * its `shape` and, for half types, `dtype`.
 * @throws {TorchError} for ragged arrays and wrong counts.
 */
export function tensor(
  data: Nested | TypedArray,
  { dtype, device, shape }: TensorOptions & { shape?: readonly number[] } = {},
): Tensor {
  let made: Tensor;
  if (ArrayBuffer.isView(data)) {
    const size =
      dtype !== undefined && arrayOf[dtype] !== undefined && data instanceof arrayOf[dtype]
        ? dtype
        : dtypeOfArray(data);
    made = fromBytes(data, shape ?? [data.length], size);
  } else {
    const sizes = shapeOf(data);
    const flat: (number | bigint | boolean)[] = [];
    flatten(data, sizes, flat, 0);
    const areAll = (type: string) => flat.length > 0 && flat.every((x) => typeof x === type);
    const exact = dtype === "int64" || dtype === "float64" ? dtype : "float32";
    const kind = areAll("bigint") ? "int64" : areAll("boolean") ? "bool" : exact;
    const elements =
      kind === "int64"
        ? BigInt64Array.from(flat, wholeBigInt)
        : kind === "bool"
          ? Uint8Array.from(flat, Number)
          : kind === "float64"
            ? Float64Array.from(flat, Number)
            : Float32Array.from(flat, Number);
    made = fromBytes(elements, shape ?? sizes, kind);
  }
  return (dtype && dtype !== made.dtype) || (device && device !== "cpu")
    ? moved(made, { dtype, device })
    : made;
}

function wholeBigInt(x: number | bigint | boolean): bigint {
  if (typeof x === "number" && !Number.isSafeInteger(x))
    throw invalidValue(`tensor: ${x} is not an integer that int64 can hold exactly`);
  return BigInt(x);
}

function moved(from: Tensor, target: TensorOptions): Tensor {
  const out = from.to(target);
  if (out !== from) from.dispose();
  return out;
}

const ops = {
  full: new Op("aten::full", ""),
  arange: new Op("aten::arange", "start_step"),
  linspace: new Op("aten::linspace", ""),
  eye: new Op("aten::eye", ""),
};

const ofShape =
  (op: Op) =>
  (size: readonly number[], { dtype = "float32", device }: TensorOptions = {}): Tensor =>
    invoke(op, size, dtype, undefined, device);

/** A tensor of zeros. */
export const zeros = ofShape(new Op("aten::zeros", ""));

/** A tensor of ones. */
export const ones = ofShape(new Op("aten::ones", ""));

/** A tensor without defined values. */
export const empty = ofShape(new Op("aten::empty", "memory_format"));

/** A tensor of shape `size` with one value everywhere. */
export function full(
  size: readonly number[],
  value: Scalar,
  { dtype = "float32", device }: TensorOptions = {},
): Tensor {
  return invoke(ops.full, size, value, dtype, undefined, device);
}

/** Numbers [n] from `start` to `end` (not included), in steps of `step`. */
export function arange(
  start: number,
  end: number,
  { step = 1, dtype = "float32", device }: TensorOptions & { step?: number } = {},
): Tensor {
  return invoke(ops.arange, start, end, step, dtype, undefined, device);
}

/** `steps` equally spaced numbers [steps] from `start` to `end`. */
export function linspace(
  start: number,
  end: number,
  steps: number,
  { dtype = "float32", device }: TensorOptions = {},
): Tensor {
  return invoke(ops.linspace, start, end, steps, dtype, undefined, device);
}

/** The identity matrix [n, n]. */
export function eye(n: number, { dtype = "float32", device }: TensorOptions = {}): Tensor {
  return invoke(ops.eye, n, dtype, undefined, device);
}

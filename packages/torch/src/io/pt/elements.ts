// From the bytes of a storage to a tensor's own: byte order, offset and strides.
import { checkRaw, itemSize, type RawArray } from "../raw.js";
import type { TensorReference } from "./references.js";

/** A tensor's elements in C order, little-endian: a view of `bytes` where nothing has to move, else a copy. */
export function elementsOf(tensor: TensorReference, bytes: Uint8Array, source: string): RawArray {
  const { storage, offset, shape, strides, numel } = tensor;
  const size = itemSize[storage.dtype];
  const begin = offset * size;
  const data = isContiguous(shape, strides)
    ? bytes.subarray(begin, begin + numel * size)
    : gathered(tensor, bytes, size);
  const array = { dtype: storage.dtype, shape: [...shape], data };
  checkRaw(array, source);
  return array;
}

/** The bytes of every element in reverse order, as machines of the other kind have them. */
export function swapped(bytes: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(bytes.length);
  for (let begin = 0; begin < out.length; begin += size) {
    for (let k = 0; k < size; k++) out[begin + k] = bytes[begin + size - 1 - k]!;
  }
  return out;
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  if (shape.includes(0)) return true;
  let expected = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    if (shape[d] !== 1 && strides[d] !== expected) return false;
    expected *= shape[d]!;
  }
  return true;
}

function gathered(tensor: TensorReference, bytes: Uint8Array, size: number): Uint8Array {
  const { offset, shape, strides, numel } = tensor;
  const out = new Uint8Array(numel * size);
  const index = new Array<number>(shape.length).fill(0);
  let from = offset * size;
  for (let to = 0; to < out.length; to += size) {
    for (let k = 0; k < size; k++) out[to + k] = bytes[from + k]!;
    for (let d = shape.length - 1; d >= 0; d--) {
      from += strides[d]! * size;
      index[d]! += 1;
      if (index[d]! < shape[d]!) break;
      from -= strides[d]! * size * shape[d]!;
      index[d] = 0;
    }
  }
  return out;
}

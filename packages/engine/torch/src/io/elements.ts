import { checkRaw, type DType, elementCount, itemSize, type RawArray } from "./raw.js";

interface StridedView {
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** The elements in C order, little-endian: a view of `bytes` if possible, else a copy. */
export function elementsOf(
  view: StridedView,
  dtype: DType,
  bytes: Uint8Array,
  source: string,
): RawArray {
  const { offset, shape, strides } = view;
  const size = itemSize[dtype];
  const data = isContiguous(shape, strides)
    ? bytes.subarray(offset * size, (offset + elementCount(shape)) * size)
    : gatherElements(view, bytes, size);
  const array = { dtype, shape: [...shape], data };
  checkRaw(array, source);
  return array;
}

/** The bytes of every element in reverse order. */
export function swapBytes(bytes: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(bytes.length);
  for (let begin = 0; begin < out.length; begin += size) {
    for (let k = 0; k < size; k++) out[begin + k] = bytes[begin + size - 1 - k];
  }
  return out;
}

/** Whether elements with these strides lie in C order and without gaps. */
export function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  if (shape.includes(0)) return true;
  let expected = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    if (shape[d] !== 1 && strides[d] !== expected) return false;
    expected *= shape[d];
  }
  return true;
}

/** The elements of a strided view in C order; offset and strides count elements of `size` bytes. */
function gatherElements(
  { offset, shape, strides }: StridedView,
  bytes: Uint8Array,
  size: number,
): Uint8Array {
  const out = new Uint8Array(elementCount(shape) * size);
  const index = new Array<number>(shape.length).fill(0);
  let from = offset * size;
  for (let to = 0; to < out.length; to += size) {
    for (let k = 0; k < size; k++) out[to + k] = bytes[from + k];
    for (let d = shape.length - 1; d >= 0; d--) {
      from += strides[d] * size;
      index[d] += 1;
      if (index[d] < shape[d]) break;
      from -= strides[d] * size * shape[d];
      index[d] = 0;
    }
  }
  return out;
}

// Elements as bytes, as files and typed arrays hold them.
import { type ElementName, elementType } from "./dtype.js";
import { fail } from "./errors.js";
import { brainBits, brainValue, convert, halfBits, halfValue } from "./kernel/map.js";
import { countOf } from "./shape.js";
import { allocate, type TensorImpl } from "./tensor.js";

/** Types with another form inside, with the conversions from and to it. */
const foreign = {
  int64: {
    Kind: BigInt64Array,
    read: (x: bigint | number) => Number(x),
    write: (x: number) => (Math.abs(x) < 2 ** 63 ? BigInt(x) : -(2n ** 63n)),
  },
  float16: {
    Kind: Uint16Array,
    read: (x: bigint | number) => halfValue(Number(x)),
    write: halfBits,
  },
  bfloat16: {
    Kind: Uint16Array,
    read: (x: bigint | number) => brainValue(Number(x)),
    write: brainBits,
  },
} as const;

/**
 * A row-major tensor of a copy of bytes.
 * @throws {TorchError} `ERR_TORCH_VALUE` for another number of bytes.
 */
export function fromBytes(
  data: ArrayBufferView,
  shape: readonly number[],
  dtype: ElementName,
): TensorImpl {
  const { bytes, Kind } = elementType(dtype);
  const expectedBytes = countOf(shape) * bytes;
  if (expectedBytes !== data.byteLength)
    fail(
      "ERR_TORCH_VALUE",
      `tensor: the data has ${data.byteLength} bytes, but shape and dtype need ${expectedBytes}`,
    );
  const t = allocate(shape, dtype);
  const copy = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice().buffer;
  const other = foreign[dtype as keyof typeof foreign];
  if (!other) {
    t.array.set(new (Kind as unknown as new (b: ArrayBufferLike) => Float32Array)(copy));
    return t;
  }
  const from = new other.Kind(copy);
  for (let i = 0; i < from.length; i++) t.array[i] = other.read(from[i]);
  if (from instanceof BigInt64Array && t.array.some((x) => Math.abs(x) > 2 ** 53))
    t.storage.exact = from;
  return t;
}

/** The elements in row-major order. */
export function toBytes(t: TensorImpl): ArrayBuffer {
  const { exact, version } = t.storage;
  if (exact && version === 0 && t.count === exact.length && t.isDense) return exact.slice().buffer;
  const dense = allocate(t.shape, t.dtype);
  convert(dense, t);
  const other = foreign[t.dtype as keyof typeof foreign];
  const { array } = dense;
  if (!other) return array.slice(0, dense.count).buffer as ArrayBuffer;
  const out = new other.Kind(dense.count);
  for (let i = 0; i < out.length; i++) out[i] = other.write(array[i]);
  return out.buffer;
}

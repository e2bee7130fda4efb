// Tensors to file formats and back: what safetensors and .npy hold is named raw arrays, nothing of libtorch.
import { arrayOf, type TypedArray } from "../binding/dtype.js";
import { tidy } from "../binding/handle.js";
import { tensor } from "../tensor/create.js";
import type { Tensor } from "../tensor/tensor.js";
import { readWhole } from "./file.js";
import * as npy from "./npy.js";
import type { RawArray } from "./raw.js";
import * as safetensors from "./safetensors.js";

/** A copy of a tensor's elements as bytes in row-major order, with dtype and shape. */
export function toRaw(t: Tensor): RawArray {
  const array = t.rawArray();
  return {
    dtype: t.dtype,
    shape: t.shape,
    data: new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
  };
}

/** A CPU tensor of the shape of the array, with a copy of the bytes. */
export function fromRaw(raw: RawArray): Tensor {
  const dtype = raw.dtype;
  const { BYTES_PER_ELEMENT: size } = arrayOf[dtype];
  const bytes = raw.data.byteOffset % size === 0 ? raw.data : raw.data.slice();
  const { buffer, byteOffset, byteLength } = bytes;
  const typed = new arrayOf[dtype](
    buffer as ArrayBuffer,
    byteOffset,
    byteLength / size,
  ) as TypedArray;
  return tensor(typed, { dtype, shape: raw.shape });
}

/** A copy of the elements as float32. */
export const toFloat32 = (raw: RawArray): Float32Array =>
  tidy(() => fromRaw(raw).to("float32").toArray() as Float32Array);

/** A copy of the elements as float64. */
export const toFloat64 = (raw: RawArray): Float64Array =>
  tidy(() => fromRaw(raw).to("float64").toArray() as Float64Array);

/** The bytes of a safetensors file of tensors of any shapes by name. */
export function encodeTensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata?: Record<string, string>,
): Uint8Array {
  return safetensors.encode(new Map([...tensors].map(([name, t]) => [name, toRaw(t)])), metadata);
}

/**
 * The tensors of a safetensors file by name, with their saved shapes, and its metadata.
 * @throws {TorchError} that names the file.
 */
export function loadTensors(path: string): {
  tensors: Map<string, Tensor>;
  metadata: Record<string, string>;
} {
  const { tensors, metadata } = safetensors.decode(readWhole(path), path);
  return {
    tensors: new Map([...tensors].map(([name, raw]) => [name, fromRaw(raw)])),
    metadata,
  };
}

/** The bytes of a .npy file of a tensor of any shape. */
export function encodeNpy(t: Tensor): Uint8Array {
  return npy.encode(toRaw(t));
}

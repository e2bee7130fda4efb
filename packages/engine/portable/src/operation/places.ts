// Indices, checked.
import { elementType } from "../dtype.js";
import { check, fail } from "../errors.js";
import { convert } from "../kernel/map.js";
import { allocate, type TensorImpl } from "../tensor.js";

/** @throws {TorchError} `ERR_TORCH` unless indices are integers. */
export function checkIndex(index: TensorImpl, name: string): void {
  check(
    index.dtype === "int64" || index.dtype === "int32",
    () =>
      `${name}(): Expected dtype int32/int64 for index but got: ${elementType(index.dtype).title}`,
  );
}
/**
 * An index counted from the start.
 * @throws {TorchError} `ERR_TORCH_INDEX`
 */
export function place(index: number, size: number, dim: number): number {
  if (!(index >= -size && index < size))
    fail(
      "ERR_TORCH_INDEX",
      `index ${index} is out of bounds for dimension ${dim} with size ${size}`,
    );
  return index < 0 ? index + size : index;
}
/** A row-major copy of the same shape. */
export const copyOf = (t: TensorImpl) => {
  const out = allocate(t.shape, t.dtype);
  convert(out, t);
  return out;
};
/** The stride of a dimension; 0 for a tensor without dimensions. */
export const strideOf = (t: TensorImpl, dim: number) => t.strides[dim] ?? 0;

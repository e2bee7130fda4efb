// What kernels ask of operands.
import { isSameShape } from "../shape.js";
import { TensorImpl } from "../tensor.js";

/** The work of a step: a kernel with the addresses of its operands. */
export type KernelCall = () => void;

/** Memory for so many float32 numbers while a kernel runs. */
export type Workspace = (count: number) => number;

/** Makes the work of a step from its arguments and results; null for operands that have no kernel. */
export type KernelMaker = (
  args: readonly unknown[],
  results: readonly (TensorImpl | null)[],
  workspace: Workspace,
) => KernelCall | null;

/** Whether a value is a float32 tensor in the planned memory, of any strides. */
export const isPlanned = (t: unknown): t is TensorImpl =>
  t instanceof TensorImpl && t.dtype === "float32" && t.storage.address >= 0 && t.count > 0;

/** Whether it is planned and row-major without gaps. */
export const isDense = (t: unknown): t is TensorImpl => isPlanned(t) && t.isDense;

/** Whether both are dense and of one shape. */
export const areAlike = (a: unknown, b: unknown): boolean =>
  isDense(a) && isDense(b) && isSameShape(a.shape, b.shape);

/** The address of the first element, in bytes. */
export const addressOf = (t: TensorImpl): number => t.storage.address + 4 * t.offset;

/** Whether all elements are one number in memory. */
export const isSingle = (t: unknown): t is TensorImpl =>
  isPlanned(t) && t.shape.every((size, i) => size === 1 || t.strides[i] === 0);

/** A work that does nothing. */
export const nothing: KernelCall = () => {};

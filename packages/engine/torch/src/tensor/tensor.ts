import { invoke, Op, registerTensor } from "../binding/dispatch.js";
import {
  arrayOf,
  type Device,
  type DType,
  type MemoryFormat,
  type TypedArray,
} from "../binding/dtype.js";
import { invalidValue } from "../binding/errors.js";
import { ptrOf, ptrsOf, seizePtr } from "../binding/handle.js";
import { native, withTorchErrors } from "../binding/native.js";
import { TensorMethods } from "./ops.generated.js";

const toCopy = new Op("aten::to", "dtype_layout");
const isLeaf = new Op("aten::is_leaf", "");
const toFloat = new Op("aten::to", "dtype");

/** Options of gradients. */
export interface GradOptions {
  /** Weights of the outputs, in their shapes (default: 1 for a scalar). */
  gradOutputs?: readonly Tensor[] | undefined;
  /** Whether the graph stays for another backward pass (default: no). */
  retainGraph?: boolean | undefined;
}

/** The gradients of `inputs` in their shapes, or with null of all leaves, accumulated. Internal. */
export function differentiate(
  what: string,
  outputs: readonly Tensor[],
  inputs: readonly Tensor[] | null,
  options: GradOptions & { allowUnused?: boolean },
) {
  const { gradOutputs, retainGraph = false, allowUnused = false } = options;
  return withTorchErrors(
    () =>
      native.differentiate(
        ptrsOf(outputs, what),
        gradOutputs ? ptrsOf(gradOutputs, "gradOutputs") : [],
        inputs && ptrsOf(inputs, "inputs"),
        retainGraph,
        allowUnused,
      ),
    what,
  );
}

interface Target {
  dtype?: DType;
  device?: Device;
  memoryFormat?: MemoryFormat;
  copy?: boolean;
}

/** An n-dimensional array on a device, with PyTorch's operations as methods in camelCase. */
export class Tensor extends TensorMethods {
  /** The size of each dimension. */
  get shape(): number[] {
    return withTorchErrors(() => native.shape(ptrOf(this)), "shape");
  }
  /** Elements between neighbours of each dimension. */
  get strides(): number[] {
    return withTorchErrors(() => native.stride(ptrOf(this)), "stride");
  }
  /** Type of the elements. */
  get dtype(): DType {
    return withTorchErrors(() => native.dtype(ptrOf(this)), "dtype") as DType;
  }
  /** Such as "cpu" or "cuda:0". */
  get device(): Device {
    return withTorchErrors(() => native.device(ptrOf(this)), "device") as Device;
  }
  /** The number of dimensions. */
  get ndim(): number {
    return this.shape.length;
  }
  /** The number of elements. */
  get numel(): number {
    return this.shape.reduce((n, d) => n * d, 1);
  }

  /**
   * The size of one dimension; negative ones count from the end.
   * @throws {TorchError}
   */
  size(dim: number): number {
    const { shape } = this;
    if (typeof dim !== "number")
      throw invalidValue(`size: expected a dimension, got ${typeof dim}`);
    const d = shape[dim < 0 ? dim + shape.length : dim];
    if (d === undefined)
      throw invalidValue(
        `size(${dim}): the tensor has ${shape.length} dimensions`,
        "ERR_TORCH_INDEX",
      );
    return d;
  }

  /** Whether autograd follows the tensor. */
  get requiresGrad(): boolean {
    return withTorchErrors(() => native.requiresGrad(ptrOf(this)), "requiresGrad");
  }
  /** Turns autograd on or off, in place. */
  requiresGrad_(on = true): this {
    withTorchErrors(() => native.requiresGrad(ptrOf(this), on), "requiresGrad_");
    return this;
  }
  /** Whether no operation made the tensor. */
  get isLeaf(): boolean {
    return invoke(isLeaf, this);
  }
  /** The accumulated gradient of a leaf, in its shape, or null. */
  get grad(): Tensor | null {
    const ptr = withTorchErrors(() => native.getGrad(ptrOf(this)), "grad");
    return ptr === null ? null : new Tensor(ptr);
  }
  set grad(value: Tensor | null) {
    withTorchErrors(
      () => native.setGrad(ptrOf(this), value === null ? null : ptrOf(value)),
      "grad",
    );
  }
  /** Accumulates d this / d leaf into the leaves' `grad`; `gradient` has this tensor's shape (default 1). */
  backward({ gradient, ...options }: { gradient?: Tensor; retainGraph?: boolean } = {}): void {
    const gradOutputs = gradient && [gradient];
    differentiate("backward", [this], null, { ...options, gradOutputs, allowUnused: false });
  }

  /** The one element (int64 beyond 2^53 as a bigint, bool as a boolean). */
  item(): number {
    return withTorchErrors(() => native.item(ptrOf(this)), "item") as number;
  }
  /** A fresh typed array of the elements, row-major; half types are converted to float32. */
  toArray(): Exclude<TypedArray, Uint16Array> {
    const { dtype } = this;
    if (dtype === "float16" || dtype === "bfloat16") {
      using wide = this.to("float32");
      return wide.toArray();
    }
    return this.rawArray() as Float32Array;
  }
  /**
   * The elements' own bytes in a typed array (half types as 16 bits).
   * @throws {TorchError} for a dtype without typed array
   */
  rawArray(): TypedArray {
    const { dtype } = this;
    const Kind = arrayOf[dtype];
    if (!Kind) throw invalidValue(`toArray: dtype ${dtype} has no typed array`);
    return new Kind(withTorchErrors(() => native.toBytes(ptrOf(this)), "toArray"));
  }
  /**
   * The elements as ordinary numbers, whatever the dtype.
   * @throws {TorchError} for more than 2^26 elements
   */
  toNumbers(): number[] {
    const { numel } = this;
    if (numel > 2 ** 26)
      throw invalidValue(
        `toNumbers: ${numel} elements are too many for an array of numbers: use toArray`,
      );
    return Array.from(this.toArray() as ArrayLike<number | bigint>, Number);
  }
  /** This tensor, of the same shape, with another dtype, device or memory format; itself if nothing changes. */
  to(target: DType | Device | Target): Tensor {
    if (typeof target === "string" && target in arrayOf) return invoke(toFloat, this, target);
    const { dtype, device, memoryFormat, copy }: Target =
      typeof target === "string" ? { device: target as Device } : target;
    const layout = undefined;
    const pinned = undefined;
    const nonBlocking = undefined;
    return invoke(toCopy, this, dtype, layout, device, pinned, nonBlocking, copy, memoryFormat);
  }

  override toString(): string {
    return this.disposed
      ? "Tensor (disposed)"
      : `Tensor ${this.dtype}[${this.shape}] ${this.device}`;
  }
  /** The text of `console.log`. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

registerTensor((ptr) => new Tensor(ptr));

/** A trained tensor of a module: kept out of scopes, requires grad. */
export class Parameter extends Tensor {
  constructor(data: Tensor, requiresGrad = true) {
    super(seizePtr(data));
    this.keep();
    if (requiresGrad) this.requiresGrad_();
  }
}

/** A tensor that belongs to a module's state but is not trained. */
export class Buffer extends Tensor {
  /** Takes the memory over from `data`; `persistent` buffers are part of the state dict. */
  constructor(
    data: Tensor,
    /** Whether the state dict has it. */
    readonly persistent = true,
  ) {
    super(seizePtr(data));
    this.keep();
  }
}

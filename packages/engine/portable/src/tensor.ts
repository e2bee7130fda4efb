import {
  type ElementName,
  type Elements,
  elementType,
  isFloating,
  type ScalarNumber,
  scalarType,
} from "./dtype.js";
import { fail } from "./errors.js";
import { countOf, isRowMajor, rowMajor } from "./shape.js";
import { Storage, takeStorage } from "./storage.js";

/** What autograd knows of a tensor's history. */
export interface GraphHistory {
  readonly sequence: number;
}

/** A view of a storage, with its place in autograd's graph. */
export class TensorImpl {
  /** Whether a leaf collects gradients. */
  isLeafWithGradient = false;
  /** The gradient of a leaf. */
  grad: TensorImpl | null = null;
  /** What computed it, if autograd follows that. */
  history: GraphHistory | null = null;
  /** Which of the results of `history` it is. */
  output = 0;
  /** The tensor that a view was taken of. */
  base: TensorImpl | null = null;
  /** A plain number, which takes the type of its partner. */
  isNumber = false;
  /** Of device `meta`: a shape without elements. */
  isMeta = false;

  constructor(
    readonly storage: Storage,
    readonly dtype: ElementName,
    public shape: readonly number[],
    public strides: readonly number[],
    readonly offset: number,
  ) {}

  /** The elements of the storage. */
  get array(): Elements {
    return this.storage.array;
  }
  /** The number of elements. */
  get count(): number {
    return countOf(this.shape);
  }
  /** The number of dimensions. */
  get ndim(): number {
    return this.shape.length;
  }
  /** Whether it is row-major without gaps. */
  get isDense(): boolean {
    return isRowMajor(this.shape, this.strides);
  }
  /** Whether autograd follows it. */
  get requiresGrad(): boolean {
    return this.isLeafWithGradient || this.history !== null;
  }
}

/** A gradient, or null for none. */
export type Gradient = TensorImpl | null;
/** An operand of arithmetic. */
export type TensorOrScalar = TensorImpl | ScalarNumber;
/** A list of tensors. */
export type TensorList = readonly TensorImpl[];
/** Sizes, strides or dimensions. */
export type Sizes = readonly number[];

/**
 * A new row-major tensor of zeros.
 * @throws {TorchError} `ERR_TORCH_MEMORY`
 */
export function allocate(shape: readonly number[], dtype: ElementName): TensorImpl {
  return new TensorImpl(takeStorage(countOf(shape), dtype), dtype, shape, rowMajor(shape), 0);
}

/** A view of the same elements. */
export function viewOf(
  t: TensorImpl,
  shape: readonly number[],
  strides: readonly number[],
  offset: number = t.offset,
): TensorImpl {
  const view = new TensorImpl(t.storage, t.dtype, shape, strides, offset);
  view.base = t.base ?? t;
  return view;
}

/**
 * A number as int64 holds it here.
 * @throws {TorchError} `ERR_TORCH_VALUE` beyond 2^53.
 */
function exactInteger(value: bigint): number {
  const number = Number(value);
  if (BigInt(number) !== value)
    fail(
      "ERR_TORCH_VALUE",
      `the portable engine holds integers up to 2^53 exactly, got ${value}: it needs libtorch`,
    );
  return number;
}

/** A number as ordinary arithmetic takes it. */
export const plainNumber = (value: ScalarNumber): number =>
  typeof value === "bigint" ? exactInteger(value) : Number(value);

/** A tensor of one number that takes the type of its partner. */
export function numberTensor(value: ScalarNumber): TensorImpl {
  const dtype = scalarType(value);
  const storage = new Storage(new (elementType(dtype).Kind)(1));
  storage.array[0] = plainNumber(value);
  const t = new TensorImpl(storage, dtype, [], [], 0);
  t.isNumber = true;
  return t;
}

/** @throws {TorchError} `ERR_TORCH_NOT_IMPLEMENTED` unless numbers of this type are computed with. */
export function refuseHalf(dtype: ElementName, what: string): void {
  if (isFloating(dtype) && elementType(dtype).rank === 0)
    fail("ERR_TORCH_NOT_IMPLEMENTED", `"${what}" of ${dtype} needs libtorch; convert to float32`);
}

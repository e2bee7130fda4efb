// What elementwise operations share: the type of the result, broadcasting, and writing in place.
import { type ElementName, elementType, isFloating, type ScalarNumber, widerOf } from "../dtype.js";
import { check } from "../errors.js";
import { convert, map1, map2, map3 } from "../kernel/map.js";
import { computeVectorised } from "../kernel/vectorised.js";
import { broadcastOf, isSameShape } from "../shape.js";
import { allocate, numberTensor, refuseHalf, type TensorImpl } from "../tensor.js";

/** How the result's type follows from the operands. */
export type TypeRule =
  /** The widest. */
  | "promoted"
  /** The widest, float32 for whole numbers. */
  | "float"
  /** Truth values. */
  | "bool";

/** A function of numbers with the rule of its type. */
export interface Pointwise {
  /** For errors, and by which a vectorised kernel is found. */
  name: string;
  rule?: TypeRule;
  // biome-ignore lint/suspicious/noExplicitAny: of one to three numbers
  f: (...numbers: any[]) => number;
  /** The same with every step rounded to float32, as kernels compute. */
  // biome-ignore lint/suspicious/noExplicitAny: of one to three numbers
  single?: (...numbers: any[]) => number;
}

type Maybe = ElementName | null;

const wider = (a: Maybe, b: Maybe): Maybe => (a && b ? widerOf(a, b) : (a ?? b));

/** Of operands with dimensions, of those without, and of plain numbers: the former win within a category. */
function combineTypes(higher: Maybe, lower: Maybe): Maybe {
  if (!higher || !lower) return higher ?? lower;
  if (isFloating(higher)) return higher;
  return higher === "bool" || isFloating(lower) ? wider(higher, lower) : higher;
}

/** The type of an operation's result, as libtorch promotes. */
export function promotedType(operands: readonly TensorImpl[]): ElementName {
  let withDims: Maybe = null;
  let without: Maybe = null;
  let numbers: Maybe = null;
  for (const t of operands) {
    if (t.isNumber) numbers = wider(numbers, t.dtype === "float64" ? "float32" : t.dtype);
    else if (t.ndim > 0) withDims = wider(withDims, t.dtype);
    else without = wider(without, t.dtype);
  }
  return combineTypes(withDims, combineTypes(without, numbers))!;
}

/** The result's type by a rule. */
function typeBy(rule: TypeRule, operands: readonly TensorImpl[]): ElementName {
  const type = promotedType(operands);
  if (rule === "float" && !isFloating(type)) return "float32";
  return type;
}

/** A tensor, or a Scalar as one. */
export const operandOf = (value: TensorImpl | ScalarNumber): TensorImpl =>
  typeof value === "object" ? value : numberTensor(value);

/** A plain number as the type of the computation holds it. */
function roundNumber(t: TensorImpl, type: ElementName): TensorImpl {
  if (!t.isNumber || type !== "float32" || t.dtype !== "float64") return t;
  return numberTensor(Math.fround(t.array[0]));
}

function checkWritable(out: TensorImpl, shape: readonly number[], type: ElementName): void {
  check(
    isSameShape(out.shape, shape),
    () =>
      `output with shape [${out.shape.join(", ")}] doesn't match the broadcast shape [${shape.join(", ")}]`,
  );
  check(
    elementType(type).category <= elementType(out.dtype).category,
    () =>
      `result type ${elementType(type).title} can't be cast to the desired output type ${elementType(out.dtype).title}`,
  );
}

function compute(out: TensorImpl, operands: readonly TensorImpl[], fn: Pointwise): void {
  if (computeVectorised(fn.name, out, operands)) return;
  const f = out.dtype === "float32" ? (fn.single ?? fn.f) : fn.f;
  const [a, b, c] = operands;
  if (c) map3(out, [a, b, c], f);
  else if (b) map2(out, a, b, f);
  else map1(out, a, f);
}

/**
 * Applies a function to broadcast operands; into `out` if present.
 * @throws {TorchError} `ERR_TORCH`
 */
export function pointwise(
  fn: Pointwise,
  values: readonly (TensorImpl | ScalarNumber)[],
  out?: TensorImpl,
): TensorImpl {
  const operands = values.map(operandOf);
  const { rule = "promoted" } = fn;
  const type = typeBy(rule, operands);
  for (const t of operands) refuseHalf(t.dtype, fn.name);
  let shape = operands[0].shape;
  for (const t of operands) shape = broadcastOf(shape, t.shape);
  const results = rule === "bool" ? "bool" : type;
  const inputs = operands.map((t) => roundNumber(t, type));
  if (!out) {
    const fresh = allocate(shape, results);
    compute(fresh, inputs, fn);
    return fresh;
  }
  checkWritable(out, shape, results);
  // An operand that shares memory in another layout needs a copy.
  const overlaps = inputs.some(
    (t) =>
      t.storage === out.storage && (t.offset !== out.offset || `${t.strides}` !== `${out.strides}`),
  );
  if (out.dtype === results && !overlaps) compute(out, inputs, fn);
  else {
    const fresh = allocate(shape, results);
    compute(fresh, inputs, fn);
    convert(out, fresh);
  }
  return out;
}

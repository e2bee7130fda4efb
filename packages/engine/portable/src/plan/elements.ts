// Operations of each element in planned memory.
import { isSameShape } from "../shape.js";
import type { TensorImpl } from "../tensor.js";
import {
  addressOf,
  areAlike,
  isDense,
  isSingle,
  type KernelCall,
  type KernelMaker,
} from "./kernel.js";
import { programMemory } from "./memory.js";

/** Codes of the kernel `mapElements`. */
const mapCodes = { exp: 0, sigmoid: 1, silu: 2, square: 3, neg: 4, sqrt: 5, abs: 6, reciprocal: 7 };

const map =
  (code: number): KernelMaker =>
  ([x], [out]) => {
    if (!isDense(x) || !isDense(out)) return null;
    const from = addressOf(x);
    const to = addressOf(out);
    const n = out.count;
    const { mapElements } = programMemory.wasm;
    return () => mapElements(code, from, to, n);
  };

/** x ∘ y for operands of one shape, one number y, or a row y of a matrix x. */
function combine(
  code: number,
  x: unknown,
  y: unknown,
  out: unknown,
  factor: number,
): KernelCall | null {
  if (!isDense(out) || !areAlike(x, out)) return null;
  const from = addressOf(x as TensorImpl);
  const to = addressOf(out);
  const n = out.count;
  const { combineElements, addRows } = programMemory.wasm;
  const isOne = isSingle(y);
  if (isOne || areAlike(y, out)) {
    const other = addressOf(y as TensorImpl);
    const step = isOne ? 0 : 16;
    return () => combineElements(code, from, other, to, n, factor, step);
  }
  const columns = out.shape.at(-1) ?? 1;
  const isRow = isDense(y) && y.count === columns && y.shape.at(-1) === columns;
  if (code !== 0 || !isRow) return null;
  const row = addressOf(y);
  return () => addRows(from, row, to, n / columns, columns, factor);
}

const isCommutative = (code: number) => code === 1;

const pair =
  (code: number, sign = 1): KernelMaker =>
  ([x, y, alpha], [out]) => {
    const factor = code === 0 ? sign * Number(alpha ?? 1) : 0;
    const work = combine(code, x, y, out, factor);
    const mayTurn = isCommutative(code) || (code === 0 && factor === 1);
    return work ?? (mayTurn ? combine(code, y, x, out, factor) : null);
  };

/** Arithmetic with a number, by the code of the kernel `scaleElements`. */
const scale =
  (code: number, sign = 1): KernelMaker =>
  ([x, s, alpha], [out]) => {
    const isNumber = typeof s === "number" || typeof s === "bigint";
    if (!isDense(x) || !isDense(out) || !isNumber || Number(alpha ?? 1) !== 1) return null;
    const number = sign * Number(s);
    const from = addressOf(x);
    const to = addressOf(out);
    const n = out.count;
    const { scaleElements } = programMemory.wasm;
    return () => scaleElements(code, from, to, n, number);
  };

const squareBackward: KernelMaker = ([g, x], [out]) => {
  if (!areAlike(x, out)) return null;
  const isOne = isSingle(g);
  if (!isOne && !(isDense(g) && isSameShape(g.shape, out!.shape))) return null;
  const slope = addressOf(g as TensorImpl);
  const from = addressOf(x as TensorImpl);
  const to = addressOf(out!);
  const step = isOne ? 0 : 16;
  const { multiplyPair } = programMemory.wasm;
  const n = out!.count;
  return () => multiplyPair(slope, from, to, n, 2, step);
};

const lerp: KernelMaker = ([average, x, weight]) => {
  if (!areAlike(average, x) || typeof weight !== "number") return null;
  const to = addressOf(average as TensorImpl);
  const from = addressOf(x as TensorImpl);
  const n = (x as TensorImpl).count;
  const { averageElements } = programMemory.wasm;
  return () => averageElements(to, from, n, weight);
};

const pairs = {
  "add.Tensor": pair(0),
  "sub.Tensor": pair(0, -1),
  "mul.Tensor": pair(1),
  "div.Tensor": pair(2),
  maximum: pair(3),
  minimum: pair(4),
};
const scales = {
  "mul.Scalar": scale(0),
  "add.Scalar": scale(1),
  "sub.Scalar": scale(1, -1),
  "rsub.Scalar": scale(2),
};
const maps = Object.fromEntries(Object.entries(mapCodes).map(([name, code]) => [name, map(code)]));

/** The name of an operation in place: add_.Tensor of add.Tensor. */
const inPlace = (name: string) => name.replace(/(\.|$)/, "_$1");

/** Kernels of each element by the names of operations. */
export const elements: Readonly<Record<string, KernelMaker>> = {
  ...Object.fromEntries(
    Object.entries({ ...pairs, ...scales, ...maps }).flatMap(([name, maker]) => [
      [`aten::${name}`, maker],
      [`aten::${inPlace(name)}`, maker],
    ]),
  ),
  "dsbm::silu_": map(mapCodes.silu),
  "dsbm::square_backward": squareBackward,
  "aten::lerp_.Scalar": lerp,
};

// Comparisons, logic and bits.
import { isFloating, type ScalarNumber } from "../dtype.js";
import { check } from "../errors.js";
import { define, run } from "../operation.js";
import type { TensorImpl } from "../tensor.js";
import { operandOf, pointwise, promotedType } from "./pointwise.js";

const comparisons: Readonly<Record<string, (x: number, y: number) => boolean>> = {
  eq: (x, y) => x === y,
  ne: (x, y) => x !== y,
  lt: (x, y) => x < y,
  le: (x, y) => x <= y,
  gt: (x, y) => x > y,
  ge: (x, y) => x >= y,
};
for (const [name, f] of Object.entries(comparisons))
  for (const kind of ["Tensor", "Scalar"])
    define(`aten::${name}.${kind}(Tensor self, ${kind} other) -> Tensor`, (a, b) =>
      pointwise({ name, rule: "bool", f: (x, y) => Number(f(x, y)) }, [a, b]),
    );

const logic: Readonly<Record<string, (x: boolean, y: boolean) => boolean>> = {
  logical_and: (x, y) => x && y,
  logical_or: (x, y) => x || y,
  logical_xor: (x, y) => x !== y,
};
for (const [name, f] of Object.entries(logic))
  define(`aten::${name}(Tensor self, Tensor other) -> Tensor`, (a, b) =>
    pointwise({ name, rule: "bool", f: (x, y) => Number(f(x !== 0, y !== 0)) }, [a, b]),
  );

type Bits = (x: bigint, y: bigint) => bigint;
const bitwise: Readonly<Record<string, Bits>> = {
  bitwise_and: (x, y) => x & y,
  bitwise_or: (x, y) => x | y,
  bitwise_xor: (x, y) => x ^ y,
};
const checkWhole = (name: string, operands: readonly (TensorImpl | ScalarNumber)[]) =>
  check(
    !isFloating(promotedType(operands.map(operandOf))),
    () => `"${name}_cpu" not implemented for 'Float'`,
  );
for (const [name, f] of Object.entries(bitwise)) {
  const fn = { name, f: (x: number, y: number) => Number(f(BigInt(x), BigInt(y))) };
  for (const kind of ["Tensor", "Scalar"]) {
    define(`aten::${name}.${kind}(Tensor self, ${kind} other) -> Tensor`, (a, b) => {
      checkWhole(name, [a, b]);
      return pointwise(fn, [a, b]);
    });
    if (name === "bitwise_and")
      define(`aten::${name}_.${kind}(Tensor(a!) self, ${kind} other) -> Tensor(a!)`, (a, b) => {
        checkWhole(name, [a, b]);
        return pointwise(fn, [a, b], a);
      });
  }
}
define("aten::bitwise_not(Tensor self) -> Tensor", (a: TensorImpl) => {
  checkWhole("bitwise_not", [a]);
  return pointwise({ name: "bitwise_not", f: (x) => (a.dtype === "bool" ? 1 - x : -x - 1) }, [a]);
});
define(
  "aten::equal(Tensor self, Tensor other) -> bool",
  (a: TensorImpl, b: TensorImpl) => {
    if (`${a.shape}` !== `${b.shape}`) return false;
    const same = run("all", run("eq.Tensor", a, b));
    return same.array[same.offset] === 1;
  },
  {
    unrecordable:
      "it turns values of a tensor into a number; return the tensor and read it after the run",
  },
);

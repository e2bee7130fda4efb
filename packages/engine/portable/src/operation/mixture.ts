// Mixtures of several operands: sums of products, interpolation, bounds, and the choice by a mask.
import type { ScalarNumber } from "../dtype.js";
import { check, fail } from "../errors.js";
import { define, run, type Tracing } from "../operation.js";
import { type Gradient, plainNumber, type TensorImpl, type TensorOrScalar } from "../tensor.js";
import { pointwise } from "./pointwise.js";

const times = (a: TensorImpl, b: TensorImpl) => run("mul.Tensor", a, b);

/** Defines an operation and the one in place, whose first argument is `self`. */
function defineBoth(
  name: string,
  overload: string,
  rest: string,
  // biome-ignore lint/suspicious/noExplicitAny: each operation has arguments of its own
  forward: (out: TensorImpl | undefined, ...args: any[]) => TensorImpl,
  derivative: NonNullable<Parameters<typeof define>[2]>["derivative"],
): void {
  const dot = overload ? `.${overload}` : "";
  define(
    `aten::${name}${dot}(Tensor self, ${rest}) -> Tensor`,
    (...args) => forward(undefined, ...args),
    { derivative },
  );
  define(
    `aten::${name}_${dot}(Tensor(a!) self, ${rest}) -> Tensor(a!)`,
    (...args) => forward(args[0], ...args),
    { derivative },
  );
}

const addcmulDerivative = (
  { save }: Tracing,
  _: TensorImpl,
  a: TensorImpl,
  b: TensorImpl,
  value: ScalarNumber,
) => {
  const x = save(a);
  const y = save(b);
  return (g: Gradient) => {
    const by = run("mul.Scalar", g, value);
    return [g, times(by, y()), times(by, x())];
  };
};
const addcdivDerivative = (
  { save }: Tracing,
  _: TensorImpl,
  a: TensorImpl,
  b: TensorImpl,
  value: ScalarNumber,
) => {
  const x = save(a);
  const y = save(b);
  return (g: Gradient) => {
    const by = run("div.Tensor", run("mul.Scalar", g, value), y());
    return [g, by, run("neg", run("div.Tensor", times(by, x()), y()))];
  };
};
const terms = "Tensor tensor1, Tensor tensor2, *, Scalar value=1";
defineBoth(
  "addcmul",
  "",
  terms,
  (out, s, a, b, value) => {
    const v = plainNumber(value);
    return pointwise({ name: "addcmul", f: (z, x, y) => z + v * x * y }, [s, a, b], out);
  },
  addcmulDerivative,
);
defineBoth(
  "addcdiv",
  "",
  terms,
  (out, s, a, b, value) => {
    const v = plainNumber(value);
    return pointwise(
      { name: "addcdiv", rule: "float", f: (z, x, y) => z + (v * x) / y },
      [s, a, b],
      out,
    );
  },
  addcdivDerivative,
);

/** start + weight (end − start), exact at both ends. */
export const lerp = (x: number, y: number, w: number): number =>
  Math.abs(w) < 0.5 ? x + w * (y - x) : y - (y - x) * (1 - w);
const { fround } = Math;
/** The same in float32. */
const lerpSingle = (x: number, y: number, w: number): number => {
  const way = fround(y - x);
  return Math.abs(w) < 0.5 ? x + fround(fround(w) * way) : y - fround(way * fround(1 - w));
};
const lerpDerivative = (
  { save, needs }: Tracing,
  self: TensorImpl,
  end: TensorImpl,
  weight: TensorOrScalar,
) => {
  if (typeof weight !== "object") {
    const w = plainNumber(weight);
    return (g: Gradient) => [run("mul.Scalar", g, 1 - w), run("mul.Scalar", g, w)];
  }
  const w = save(weight);
  const ends = needs(2) ? [save(self), save(end)] : null;
  return (g: Gradient) => {
    const toEnd = times(g!, w());
    const ofWeight = ends && times(g!, run("sub.Tensor", ends[1](), ends[0]()));
    return [run("sub.Tensor", g, toEnd), toEnd, ofWeight];
  };
};
for (const kind of ["Tensor", "Scalar"])
  defineBoth(
    "lerp",
    kind,
    `Tensor end, ${kind} weight`,
    (out, a, b, w) => {
      check(a.dtype === b.dtype, `expected dtype ${a.dtype} for \`end\` but got dtype ${b.dtype}`);
      return pointwise(
        { name: "lerp", rule: "float", f: lerp, single: lerpSingle },
        [a, b, w],
        out,
      );
    },
    lerpDerivative,
  );

/** The gradient where the number was within its bounds. */
define(
  "dsbm::clamp_backward(Tensor grad, Tensor self, Scalar min, Scalar max) -> Tensor",
  (g, self, min, max) =>
    pointwise({ name: "clamp_backward", f: (z, x) => (x >= min && x <= max ? z : 0) }, [g, self]),
);
const boundOf = (value: ScalarNumber | null, otherwise: number) =>
  value === null ? otherwise : plainNumber(value);
const lowestBound = Number.NEGATIVE_INFINITY;
const highestBound = Number.POSITIVE_INFINITY;
/** NaN stays; the upper bound wins. */
const clampNumber = (x: number, min: number, max: number) => {
  if (Number.isNaN(x)) return x;
  return Math.min(Math.max(x, min), max);
};
function clamp(
  out: TensorImpl | undefined,
  self: TensorImpl,
  min: ScalarNumber | null,
  max: ScalarNumber | null,
): TensorImpl {
  if (min === null && max === null)
    fail("ERR_TORCH", "torch.clamp: At least one of 'min' or 'max' must not be None");
  const a = boundOf(min, lowestBound);
  const b = boundOf(max, highestBound);
  // Bounds take part in the promotion of types.
  const values = [self, ...[min, max].filter((v) => v !== null)];
  const rounded = self.dtype === "float32" ? [Math.fround(a), Math.fround(b)] : [a, b];
  return pointwise(
    { name: "clamp", f: (x) => clampNumber(x, rounded[0], rounded[1]) },
    values,
    out,
  );
}
const clampDerivative = (
  { save }: Tracing,
  self: TensorImpl,
  min: ScalarNumber | null,
  max: ScalarNumber | null,
) => {
  const x = save(self);
  return (g: Gradient) => [
    run("dsbm::clamp_backward", g, x(), boundOf(min, lowestBound), boundOf(max, highestBound)),
  ];
};
defineBoth("clamp", "", "Scalar? min=None, Scalar? max=None", clamp, clampDerivative);
define("aten::clamp_min(Tensor self, Scalar min) -> Tensor", (x, v) => run("clamp", x, v, null), {
  isComposite: true,
});
define("aten::clamp_max(Tensor self, Scalar max) -> Tensor", (x, v) => run("clamp", x, null, v), {
  isComposite: true,
});
define(
  "aten::clamp_min.Tensor(Tensor self, Tensor min) -> Tensor",
  (x, v) => run("maximum", x, v),
  {
    isComposite: true,
  },
);
define(
  "aten::clamp_max.Tensor(Tensor self, Tensor max) -> Tensor",
  (x, v) => run("minimum", x, v),
  {
    isComposite: true,
  },
);

function choose(condition: TensorImpl, a: TensorOrScalar, b: TensorOrScalar): TensorImpl {
  check(
    condition.dtype === "bool" || condition.dtype === "uint8",
    () =>
      `where expected condition to be a boolean tensor, but got a tensor with dtype ${condition.dtype}`,
  );
  // The mask takes no part in the promotion: it comes as a number would.
  const mask = Object.assign(Object.create(condition), { isNumber: true, dtype: "bool" });
  return pointwise({ name: "where", f: (m, x, y) => (m === 0 ? y : x) }, [mask, a, b]);
}
define("aten::where.self(Tensor condition, Tensor self, Tensor other) -> Tensor", choose, {
  derivative: ({ save }, condition) => {
    const mask = save(condition);
    return (g) => [
      null,
      run("where.ScalarOther", mask(), g, 0),
      run("where.ScalarSelf", mask(), 0, g),
    ];
  },
});
define("aten::where.ScalarOther(Tensor condition, Tensor self, Scalar other) -> Tensor", choose, {
  derivative: ({ save }, condition) => {
    const mask = save(condition);
    return (g) => [null, run("where.ScalarOther", mask(), g, 0)];
  },
});
define("aten::where.ScalarSelf(Tensor condition, Scalar self, Tensor other) -> Tensor", choose, {
  derivative: ({ save }, condition) => {
    const mask = save(condition);
    return (g) => [null, run("where.ScalarSelf", mask(), 0, g)];
  },
});
define("aten::where.Scalar(Tensor condition, Scalar self, Scalar other) -> Tensor", choose);

function fillMasked(
  out: TensorImpl | undefined,
  self: TensorImpl,
  mask: TensorImpl,
  value: TensorOrScalar,
): TensorImpl {
  check(
    mask.dtype === "bool",
    () => `masked_fill_ only supports boolean masks, but got mask with dtype ${mask.dtype}`,
  );
  if (typeof value === "object")
    check(
      value.ndim === 0,
      () =>
        `masked_fill_ only supports a 0-dimensional value tensor, but got tensor with ${value.ndim} dimension(s).`,
    );
  const fill = Number(typeof value === "object" ? value.array[value.offset] : plainNumber(value));
  const flag = Object.assign(Object.create(mask), { isNumber: true });
  return pointwise({ name: "masked_fill", f: (x, m) => (m === 0 ? x : fill) }, [self, flag], out);
}
const maskDerivative = (
  { save, needs }: Tracing,
  _: TensorImpl,
  mask: TensorImpl,
  value: TensorOrScalar,
) => {
  const m = save(mask);
  const isTensor = typeof value === "object" && needs(2);
  return (g: Gradient) => [
    run("masked_fill.Scalar", g, m(), 0),
    null,
    isTensor ? run("sum", run("where.ScalarOther", m(), g, 0)) : null,
  ];
};
for (const kind of ["Scalar", "Tensor"])
  defineBoth("masked_fill", kind, `Tensor mask, ${kind} value`, fillMasked, maskDerivative);

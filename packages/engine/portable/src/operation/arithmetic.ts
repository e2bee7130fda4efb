// Functions of two and three operands, as tensors or as numbers, with their derivatives.
import { isFloating, isInteger, type ScalarNumber } from "../dtype.js";
import { check } from "../errors.js";
import { define, run, type Tracing, type Traits } from "../operation.js";
import { type Gradient, plainNumber, type TensorImpl, type TensorOrScalar } from "../tensor.js";
import { operandOf, type Pointwise, pointwise, promotedType } from "./pointwise.js";

const times = (a: TensorImpl, b: TensorImpl) => run("mul.Tensor", a, b);
const scaleGradient = (g: TensorImpl, factor: ScalarNumber) =>
  factor === 1 ? g : run("mul.Scalar", g, factor);

interface Binary {
  /** The function of both operands, for an alpha. */
  fn: (alpha: number) => Pointwise;
  /** Whether the schema has an alpha. */
  hasAlpha?: boolean;
  derivative: Traits["derivative"];
  inPlace?: boolean;
  check?: (a: TensorOrScalar, b: TensorOrScalar) => void;
}

const isTensor = (value: TensorOrScalar): value is TensorImpl => typeof value === "object";

/** Defines `name.Tensor` and `name.Scalar`, and both in place. */
function defineBinary(name: string, { fn, hasAlpha, derivative, inPlace, check }: Binary): void {
  const alphaOf = (scalar: boolean) => (hasAlpha ? `, ${scalar ? "" : "*, "}Scalar alpha=1` : "");
  for (const kind of ["Tensor", "Scalar"]) {
    const rest = `${kind} other${alphaOf(kind === "Scalar")}`;
    define(
      `aten::${name}.${kind}(Tensor self, ${rest}) -> Tensor`,
      (a: TensorImpl, b: TensorOrScalar, alpha: ScalarNumber = 1) => {
        check?.(a, b);
        return pointwise(fn(plainNumber(alpha)), [a, b]);
      },
      { derivative },
    );
    if (inPlace)
      define(
        `aten::${name}_.${kind}(Tensor(a!) self, ${rest}) -> Tensor(a!)`,
        (a: TensorImpl, b: TensorOrScalar, alpha: ScalarNumber = 1) => {
          check?.(a, b);
          return pointwise(fn(plainNumber(alpha)), [a, b], a);
        },
        { derivative },
      );
  }
}

defineBinary("add", {
  fn: (alpha) =>
    alpha === 1
      ? { name: "add", f: (x, y) => x + y }
      : {
          name: "add_scaled",
          f: (x, y) => x + alpha * y,
          single: (x, y) => x + Math.fround(Math.fround(alpha) * y),
        },
  hasAlpha: true,
  inPlace: true,
  derivative: (_, __, ___, alpha) => (g) => [g, scaleGradient(g!, alpha)],
});
defineBinary("sub", {
  fn: (alpha) =>
    alpha === 1
      ? { name: "sub", f: (x, y) => x - y }
      : {
          name: "sub_scaled",
          f: (x, y) => x - alpha * y,
          single: (x, y) => x - Math.fround(Math.fround(alpha) * y),
        },
  hasAlpha: true,
  inPlace: true,
  derivative: (_, __, ___, alpha) => (g) => [g, scaleGradient(g!, -plainNumber(alpha))],
});
defineBinary("rsub", {
  fn: (alpha) => ({ name: "rsub", f: (x, y) => y - alpha * x }),
  hasAlpha: true,
  derivative: (_, __, ___, alpha) => (g) => [scaleGradient(g!, -plainNumber(alpha)), g],
});
defineBinary("mul", {
  fn: () => ({ name: "mul", f: (x, y) => x * y }),
  inPlace: true,
  derivative: ({ save, needs }: Tracing, self: TensorImpl, other: TensorOrScalar) => {
    if (!isTensor(other)) return (g) => [scaleGradient(g!, other)];
    const b = needs(0) ? save(other) : null;
    const a = needs(1) ? save(self) : null;
    return (g) => [b && times(g!, b()), a && times(g!, a())];
  },
});
defineBinary("div", {
  fn: () => ({ name: "div", rule: "float", f: (x, y) => x / y }),
  inPlace: true,
  derivative: ({ save, needs }: Tracing, self: TensorImpl, other: TensorOrScalar) => {
    if (!isTensor(other)) return (g) => [run("div.Scalar", g, other)];
    const b = save(other);
    const a = needs(1) ? save(self) : null;
    return (g) => {
      const byOther = run("div.Tensor", g, b());
      return [byOther, a && run("neg", run("div.Tensor", times(byOther, a()), b()))];
    };
  },
});
for (const kind of ["Tensor", "Scalar"])
  define(
    `aten::true_divide.${kind}(Tensor self, ${kind} other) -> Tensor`,
    (a, b) => run(`div.${kind}`, a, b),
    { isComposite: true },
  );

/** As Python has it: the sign is the divisor's. */
const modulo = (x: number, y: number) => {
  const rest = x % y;
  return rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest;
};
defineBinary("remainder", {
  fn: () => ({ name: "remainder", f: modulo }),
  check: (a, b) => {
    const operands = [operandOf(a), operandOf(b)];
    const isWhole = isInteger(promotedType(operands));
    check(!isWhole || !operands[1].array.includes(0), "ZeroDivisionError");
  },
  derivative: ({ save }: Tracing, self: TensorImpl, other: TensorOrScalar) => {
    if (!isTensor(other)) return (g) => [g];
    const a = save(self);
    const b = save(other);
    return (g) => {
      const turns = run("floor", run("div.Tensor", a(), b()));
      return [g, run("neg", times(g!, turns))];
    };
  },
});

define("aten::remainder.Scalar_Tensor(Scalar self, Tensor other) -> Tensor", (a, b) =>
  pointwise({ name: "remainder", f: modulo }, [a, b]),
);

/** How much of the gradient the first of two takes: half of it for equal numbers. */
function extremum(
  name: string,
  f: (x: number, y: number) => number,
  isFirst: (x: number, y: number) => boolean,
): void {
  const share = `dsbm::${name}_share`;
  const part = (x: number, y: number) => (x === y ? 0.5 : Number(isFirst(x, y)));
  define(`${share}(Tensor grad, Tensor self, Tensor other) -> Tensor`, (g, a, b) =>
    pointwise({ name: share, f: (z, x, y) => z * part(x, y) }, [g, a, b]),
  );
  const derivative = ({ save }: Tracing, self: TensorImpl, other: TensorImpl) => {
    const a = save(self);
    const b = save(other);
    return (g: Gradient) => [run(share, g, a(), b()), run(share, g, b(), a())];
  };
  const forward = (a: TensorImpl, b: TensorImpl) => pointwise({ name, f }, [a, b]);
  define(`aten::${name}(Tensor self, Tensor other) -> Tensor`, forward, { derivative });
  const short = name.slice(0, 3);
  define(`aten::${short}.other(Tensor self, Tensor other) -> Tensor`, (a, b) => run(name, a, b), {
    isComposite: true,
  });
}
extremum("maximum", Math.max, (x, y) => x > y);
extremum("minimum", Math.min, (x, y) => x < y);

define(
  "aten::atan2(Tensor self, Tensor other) -> Tensor",
  (a, b) => pointwise({ name: "atan2", rule: "float", f: Math.atan2 }, [a, b]),
  {
    derivative: ({ save }: Tracing, self: TensorImpl, other: TensorImpl) => {
      const a = save(self);
      const b = save(other);
      return (g) => {
        const r = run("add.Tensor", run("square", a()), run("square", b()));
        const byRadius = run("div.Tensor", g, r);
        return [times(byRadius, b()), run("neg", times(byRadius, a()))];
      };
    },
  },
);

const power: Pointwise = { name: "pow", f: (x, y) => x ** y };
const checkPower = (base: TensorOrScalar, exponent: TensorOrScalar) => {
  const operands = [operandOf(base), operandOf(exponent)];
  const isNegative =
    !isTensor(exponent) && plainNumber(exponent) < 0 && isInteger(operands[1].dtype);
  check(
    isFloating(promotedType(operands)) || !isNegative,
    "Integers to negative integer powers are not allowed.",
  );
};
/** d xⁿ/dx, which is 0 for n = 0 everywhere. */
define("dsbm::pow_backward(Tensor grad, Tensor self, Tensor exponent) -> Tensor", (g, a, n) =>
  pointwise({ name: "pow_backward", f: (z, x, y) => (y === 0 ? 0 : z * y * x ** (y - 1)) }, [
    g,
    a,
    n,
  ]),
);
/** xⁿ log x, which is 0 for x = 0 and n ≥ 0. */
define("dsbm::pow_log(Tensor self, Tensor exponent) -> Tensor", (a, n) =>
  pointwise(
    { name: "pow_log", rule: "float", f: (x, y) => (x === 0 && y >= 0 ? 0 : x ** y * Math.log(x)) },
    [a, n],
  ),
);
const powerOfTensor = ({ save, needs }: Tracing, self: TensorImpl, exponent: TensorImpl) => {
  const a = save(self);
  const n = save(exponent);
  const ofExponent = needs(1);
  return (g: Gradient) => [
    run("dsbm::pow_backward", g, a(), n()),
    ofExponent ? times(g!, run("dsbm::pow_log", a(), n())) : null,
  ];
};
const powerOfScalar = ({ save }: Tracing, self: TensorImpl, exponent: ScalarNumber) => {
  const a = save(self);
  const n = plainNumber(exponent);
  return (g: Gradient) => [
    n === 2
      ? run("dsbm::square_backward", g, a())
      : n === 0
        ? run("zeros_like", a())
        : run("mul.Scalar", times(g!, run("pow.Tensor_Scalar", a(), n - 1)), n),
  ];
};
for (const [suffix, kind, derivative] of [
  ["Tensor_Tensor", "Tensor", powerOfTensor],
  ["Tensor_Scalar", "Scalar", powerOfScalar],
] as const) {
  define(
    `aten::pow.${suffix}(Tensor self, ${kind} exponent) -> Tensor`,
    (a, n) => {
      checkPower(a, n);
      return n === 2
        ? pointwise({ name: "square", f: (x) => x * x }, [a])
        : pointwise(power, [a, n]);
    },
    { derivative },
  );
  define(
    `aten::pow_.${kind}(Tensor(a!) self, ${kind} exponent) -> Tensor(a!)`,
    (a, n) => {
      checkPower(a, n);
      return pointwise(power, [a, n], a);
    },
    { derivative },
  );
}
define(
  "aten::pow.Scalar(Scalar self, Tensor exponent) -> Tensor",
  (a, n) => pointwise(power, [a, n]),
  {
    derivative: ({ saveResult }, self) => {
      const y = saveResult();
      return (g) => [run("mul.Scalar", times(g!, y()), Math.log(plainNumber(self)))];
    },
  },
);

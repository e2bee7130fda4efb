// Functions of one number, each with its derivative as a function of the argument x or of the result y.
import { isFloating } from "../dtype.js";
import { digamma, erf, erfc, erfinv, roundHalfEven, sigmoid, trigamma } from "../kernel/special.js";
import { define, run } from "../operation.js";
import type { TensorImpl } from "../tensor.js";
import { pointwise, type TypeRule } from "./pointwise.js";

interface ScalarFunction {
  f: (x: number) => number;
  /** d f/dx from x. */
  byInput?: (x: number) => number;
  /** d f/dx from f(x). */
  byResult?: (y: number) => number;
  rule?: TypeRule;
  /** Whether there is an operation in place. */
  inPlace?: boolean;
  /** No gradient passes, as libtorch has it. */
  isFlat?: boolean;
}

const twoByRootPi = 2 / Math.sqrt(Math.PI);
const softplus = (x: number) => (x > 20 ? x : Math.log1p(Math.exp(x)));

const smoothFunctions: Readonly<Record<string, ScalarFunction>> = {
  exp: { f: Math.exp, byResult: (y) => y, inPlace: true },
  exp2: { f: (x) => 2 ** x, byResult: (y) => y * Math.LN2 },
  expm1: { f: Math.expm1, byResult: (y) => y + 1 },
  log: { f: Math.log, byInput: (x) => 1 / x, inPlace: true },
  log1p: { f: Math.log1p, byInput: (x) => 1 / (1 + x) },
  log2: { f: Math.log2, byInput: (x) => 1 / (x * Math.LN2) },
  log10: { f: Math.log10, byInput: (x) => 1 / (x * Math.LN10) },
  sqrt: { f: Math.sqrt, byResult: (y) => 0.5 / y, inPlace: true },
  rsqrt: { f: (x) => 1 / Math.sqrt(x), byResult: (y) => -0.5 * y ** 3 },
  reciprocal: { f: (x) => 1 / x, byResult: (y) => -y * y, inPlace: true },
  sin: { f: Math.sin, byInput: Math.cos, inPlace: true },
  cos: { f: Math.cos, byInput: (x) => -Math.sin(x), inPlace: true },
  tan: { f: Math.tan, byResult: (y) => 1 + y * y },
  asin: { f: Math.asin, byInput: (x) => 1 / Math.sqrt(1 - x * x) },
  acos: { f: Math.acos, byInput: (x) => -1 / Math.sqrt(1 - x * x) },
  atan: { f: Math.atan, byInput: (x) => 1 / (1 + x * x) },
  sinh: { f: Math.sinh, byInput: Math.cosh },
  cosh: { f: Math.cosh, byInput: Math.sinh },
  tanh: { f: Math.tanh, byResult: (y) => 1 - y * y, inPlace: true },
  sigmoid: { f: sigmoid, byResult: (y) => y * (1 - y), inPlace: true },
  digamma: { f: digamma, byInput: trigamma },
  erf: { f: erf, byInput: (x) => twoByRootPi * Math.exp(-x * x) },
  erfc: { f: erfc, byInput: (x) => -twoByRootPi * Math.exp(-x * x) },
  erfinv: { f: erfinv, byResult: (y) => Math.exp(y * y) / twoByRootPi },
  silu: {
    f: (x) => x * sigmoid(x),
    byInput: (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x))),
    inPlace: true,
  },
  mish: {
    f: (x) => x * Math.tanh(softplus(x)),
    byInput: (x) => {
      const t = Math.tanh(softplus(x));
      return t + x * sigmoid(x) * (1 - t * t);
    },
  },
  log_sigmoid: { f: (x) => -softplus(-x), byInput: (x) => sigmoid(-x) },
};

const stepFunctions: Readonly<Record<string, ScalarFunction>> = {
  abs: { f: Math.abs, byInput: Math.sign, inPlace: true },
  neg: { f: (x) => -x, byInput: () => -1, inPlace: true },
  negative: { f: (x) => -x, byInput: () => -1 },
  square: { f: (x) => x * x, byInput: (x) => 2 * x, inPlace: true },
  relu: { f: (x) => Math.max(x, 0), byResult: (y) => (y > 0 ? 1 : 0), inPlace: true },
  frac: { f: (x) => x - Math.trunc(x), byInput: () => 1 },
  sign: { f: (x) => (Number.isNaN(x) ? 0 : Math.sign(x)), byInput: () => 0 },
  floor: { f: Math.floor, byInput: () => 0, inPlace: true },
  ceil: { f: Math.ceil, byInput: () => 0, inPlace: true },
  round: { f: roundHalfEven, byInput: () => 0, inPlace: true },
  trunc: { f: Math.trunc, byInput: () => 0, inPlace: true },
  relu6: { f: (x) => Math.min(Math.max(x, 0), 6), byInput: (x) => (x > 0 && x < 6 ? 1 : 0) },
};

const truthFunctions: Readonly<Record<string, ScalarFunction>> = {
  isfinite: { f: (x) => (Number.isFinite(x) ? 1 : 0), rule: "bool" },
  isnan: { f: (x) => (Number.isNaN(x) ? 1 : 0), rule: "bool" },
  isinf: { f: (x) => (Math.abs(x) === Number.POSITIVE_INFINITY ? 1 : 0), rule: "bool" },
  logical_not: { f: (x) => (x === 0 ? 1 : 0), rule: "bool" },
};

/** The gradient: the slope times the result's gradient. */
function slopeOf(name: string, { byInput, byResult }: ScalarFunction) {
  const slope = byInput ?? byResult;
  if (!slope) return null;
  const backward = `dsbm::${name}_backward`;
  const f = (g: number, v: number) => g * slope(v);
  define(`${backward}(Tensor grad, Tensor self) -> Tensor`, (g, v) =>
    pointwise({ name: backward, f }, [g, v]),
  );
  return backward;
}

function defineUnary(name: string, entry: ScalarFunction, rule: TypeRule): void {
  const { f, byInput, inPlace } = entry;
  const fn = { name, f, rule: entry.rule ?? rule };
  const backward = slopeOf(name, entry);
  const derivative = backward
    ? ({ save, saveResult }: Parameters<NonNullable<Derivative>>[0], self: TensorImpl) => {
        const kept = byInput ? save(self) : saveResult();
        return (g: TensorImpl | null) => [run(backward, g, kept())];
      }
    : null;
  define(`aten::${name}(Tensor self) -> Tensor`, (self) => pointwise(fn, [self]), { derivative });
  if (inPlace)
    define(`aten::${name}_(Tensor(a!) self) -> Tensor(a!)`, (self) => pointwise(fn, [self], self), {
      derivative,
    });
}
type Derivative = NonNullable<Parameters<typeof define>[2]>["derivative"];

for (const [name, entry] of Object.entries(smoothFunctions)) defineUnary(name, entry, "float");
for (const [name, entry] of Object.entries(stepFunctions)) defineUnary(name, entry, "promoted");
for (const [name, entry] of Object.entries(truthFunctions)) defineUnary(name, entry, "bool");

/** A function of one number with parameters, and its derivative. */
function defineFamily(
  schema: string,
  make: (...parameters: number[]) => { f: (x: number) => number; d: (x: number) => number },
): void {
  const name = /::(\w+)/.exec(schema)![1];
  const backward = `dsbm::${name}_backward`;
  define(
    `${backward}${schema.slice(schema.indexOf("(")).replace("(", "(Tensor grad, ")}`,
    (g, self, ...parameters) => {
      const { d } = make(...parameters.map(Number));
      return pointwise({ name: backward, f: (a, x) => a * d(x) }, [g, self]);
    },
  );
  define(
    schema,
    (self, ...parameters) =>
      pointwise({ name, rule: "float", f: make(...parameters.map(Number)).f }, [self]),
    {
      derivative: ({ save }, self, ...parameters) => {
        const kept = save(self);
        return (g) => [run(backward, g, kept(), ...parameters)];
      },
    },
  );
}

defineFamily(
  "aten::softplus(Tensor self, Scalar beta=1, Scalar threshold=20) -> Tensor",
  (b, t) => ({
    f: (x) => (x * b > t ? x : Math.log1p(Math.exp(x * b)) / b),
    d: (x) => (x * b > t ? 1 : sigmoid(x * b)),
  }),
);
defineFamily("aten::leaky_relu(Tensor self, Scalar negative_slope=0.01) -> Tensor", (a) => ({
  f: (x) => (x > 0 ? x : a * x),
  d: (x) => (x > 0 ? 1 : a),
}));
defineFamily(
  "aten::elu(Tensor self, Scalar alpha=1, Scalar scale=1, Scalar input_scale=1) -> Tensor",
  (a, s, i) => ({
    f: (x) => (x > 0 ? s * x : s * a * Math.expm1(i * x)),
    d: (x) => (x > 0 ? s : s * a * i * Math.exp(i * x)),
  }),
);
defineFamily(
  "aten::hardtanh(Tensor self, Scalar min_val=-1, Scalar max_val=1) -> Tensor",
  (a, b) => ({
    f: (x) => Math.min(Math.max(x, a), b),
    d: (x) => (x > a && x < b ? 1 : 0),
  }),
);

define(
  "aten::nan_to_num(Tensor self, float? nan=None, float? posinf=None, float? neginf=None) -> Tensor",
  (self: TensorImpl, nan, posinf, neginf) => {
    const largest = self.dtype === "float32" ? 3.4028234663852886e38 : Number.MAX_VALUE;
    const f = (x: number) => {
      if (Number.isNaN(x)) return nan ?? 0;
      if (x === Number.POSITIVE_INFINITY) return posinf ?? largest;
      return x === Number.NEGATIVE_INFINITY ? (neginf ?? -largest) : x;
    };
    return pointwise({ name: "nan_to_num", f: isFloating(self.dtype) ? f : (x) => x }, [self]);
  },
);
